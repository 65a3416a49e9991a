import { queueConnectionOf } from "../../app/queue-connection.ts";
import { systemClock } from "../../app.ts";
import type { Config } from "../../config.ts";
import type { Log } from "../../pipeline/ports.ts";
import type { QueueConnection } from "../../queue/connection.ts";
import { createWorkQueue } from "../../queue/producer.ts";
import { type Database, openDatabase } from "../../store/database.ts";
import { createRecordReader } from "../../store/record-reader.ts";
import { type CheckResult, errorText } from "./result.ts";

const nothing = () => undefined;
/** What goes wrong is said by the results. */
const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Opens database and queue as a start would, asks each for an answer, and closes them again. */
export async function checkStorage(config: Config): Promise<CheckResult[]> {
  let database: Database | null = null;
  try {
    const where = config.databaseUrl === null ? `embedded, in ${config.dataDir}` : "PostgreSQL";
    const opened = await attempt("database", async () => {
      database = await openDatabase({
        databaseUrl: config.databaseUrl?.reveal() ?? null,
        dataDir: config.dataDir,
        log: silent,
      });
      await createRecordReader(database).ping();
      return `${where}: answers, its schema is up to date`;
    });
    return [opened, await checkQueue(config, database)];
  } finally {
    await (database as Database | null)?.close();
  }
}

function checkQueue(config: Config, database: Database | null): Promise<CheckResult> {
  return attempt("queue", async () => {
    const connection = connectionOf(config, database);
    let lastWord: unknown = null;
    let advice = "";
    const listening: Log = {
      ...silent,
      warn({ reason, maxmemoryPolicy }, sentence) {
        lastWord ??= reason;
        if (typeof maxmemoryPolicy === "string") advice = `; but ${sentence}, it is ${maxmemoryPolicy}`;
      },
    };
    const queue = await createWorkQueue({ connection, clock: systemClock, log: listening });
    try {
      await queue.ping();
    } catch (error) {
      if (connection.kind === "postgres") throw error;
      // What the client says while it is not connected helps nobody; why it is not does.
      const got = typeof lastWord === "string" ? lastWord : errorText(error);
      throw new Error(`expected Redis to answer, got "${got}"; check REDIS_URL and that the server runs`, {
        cause: error,
      });
    } finally {
      await queue.close();
    }
    return connection.kind === "redis" ? `Redis: answers${advice}` : "BullMQ on the database: answers";
  });
}

function connectionOf(config: Config, database: Database | null): QueueConnection {
  return queueConnectionOf(config, {
    queuePool() {
      if (database === null) throw new Error("not tried: it lives in the database, see there");
      return database.queuePool();
    },
  });
}

/** What `run` says, or the error it ends with. */
async function attempt(what: string, run: () => Promise<string>): Promise<CheckResult> {
  try {
    return { what, ok: true, detail: await run() };
  } catch (error) {
    return { what, ok: false, detail: errorText(error) };
  }
}
