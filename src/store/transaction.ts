import type pg from "pg";

/** Runs statements in one transaction. A failure rolls everything back and is passed on. */
export async function inTransaction<T>(pool: pg.Pool, run: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const result = await run(client);
    await client.query("commit");
    client.release();
    return result;
  } catch (error) {
    // Waited for, since whoever comes next would still meet its locks. The connection may be what broke: then it is thrown
    // away, and the database rolls back when it notices.
    client.release(!(await rolledBack(client)));
    throw error;
  }
}

/** How long a connection that is well may take to roll back, in milliseconds. */
const rollbackMs = 1_000;

async function rolledBack(client: pg.PoolClient): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), rollbackMs);
  const done = client.query("rollback").then(
    () => true,
    () => false,
  );
  const inTime = await Promise.race([done, late.promise]);
  clearTimeout(timer);
  return inTime;
}
