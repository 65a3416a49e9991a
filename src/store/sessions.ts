import pg from "pg";

/**
 * What stands between us and PostgreSQL: nothing, a pooler that gives each of our connections one of its own for as long as it
 * lasts, or one that gives it another for each transaction.
 */
export type Pooling = "none" | "session" | "transaction";

/** Asked for at the start of a connection, in milliseconds; any other number than a server would have of its own. */
const askedTimeoutMs = 59_961;

/** How long a question may wait for a connection of the pooler's, in milliseconds. */
const patienceMs = 2_000;

/** How often it is tried to be given another connection: others may use the pooler just then. */
const rounds = 5;

/**
 * Finds out how connections are pooled, by what they do rather than by a name. A pooler refuses or forgets settings that come
 * with a connection, since its own connections are there already; PgBouncer refuses (https://www.pgbouncer.org/config.html#ignore_startup_parameters).
 */
export async function detectPooling(connection: pg.ClientConfig): Promise<Pooling> {
  if (await keepsSettings(connection)) return "none";
  const [first, second] = [await connect(connection), await connect(connection)];
  try {
    const before = await backendOf(first);
    for (let round = 0; round < rounds; round += 1) {
      // Takes what the first one has just given back, if it has given it back.
      if (!(await answers(second, "begin"))) return "session";
      await answers(second, "select 1");
      const now = await backendOf(first).catch(() => null);
      // One that has to wait for a connection has none of its own.
      if (now !== before) return "transaction";
      await answers(second, "commit");
    }
    return "session";
  } finally {
    await Promise.all([first, second].map((client) => client.end().catch(() => undefined)));
  }
}

async function keepsSettings(connection: pg.ClientConfig): Promise<boolean> {
  let client: pg.Client;
  try {
    client = await connect({ ...connection, statement_timeout: askedTimeoutMs });
  } catch (error) {
    // protocol_violation, https://www.postgresql.org/docs/current/errcodes-appendix.html
    if (error instanceof pg.DatabaseError && error.code === "08P01") return false;
    throw error;
  }
  try {
    const { rows } = await client.query<{ kept: boolean }>(
      "select setting = $1 as kept from pg_settings where name = 'statement_timeout'",
      [String(askedTimeoutMs)],
    );
    return rows[0]?.kept === true;
  } finally {
    await client.end();
  }
}

async function connect(connection: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client({ ...connection, query_timeout: patienceMs });
  // A connection that breaks rejects the query under way; the event only repeats it.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

async function backendOf(client: pg.Client): Promise<number | null> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]?.pid ?? null;
}

function answers(client: pg.Client, statement: string): Promise<boolean> {
  return client.query(statement).then(
    () => true,
    () => false,
  );
}
