import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../src/store/database.ts";
import { memoryLog, workQueueSuite } from "../contract/work-queue.suite.ts";

workQueueSuite("the embedded database", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "faultline-queue-"));
  const database = await openDatabase({ databaseUrl: null, dataDir, log: memoryLog() });
  const pool = database.queuePool();
  return {
    connection: { kind: "postgres", pool },
    async clear() {
      await pool.query("TRUNCATE bullmq.job CASCADE");
    },
    async close() {
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
});
