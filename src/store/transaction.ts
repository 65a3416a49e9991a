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
    // The connection may be what broke: it is thrown away, and the database rolls back.
    client.release(true);
    throw error;
  }
}
