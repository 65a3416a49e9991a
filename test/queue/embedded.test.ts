import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../src/store/database.ts";
import { noticeQueueSuite } from "../contract/notice-queue.suite.ts";
import { scheduleSuite } from "../contract/schedule.suite.ts";
import { memoryLog, workQueueSuite } from "../contract/work-queue.suite.ts";

async function open() {
  const dataDir = await mkdtemp(join(tmpdir(), "faultline-queue-"));
  const database = await openDatabase({ databaseUrl: null, dataDir, log: memoryLog() });
  const pool = database.queuePool();
  return {
    connection: { kind: "postgres" as const, pool },
    async clear() {
      await pool.query("TRUNCATE bullmq.job CASCADE");
    },
    async forget() {
      await pool.query("TRUNCATE bullmq.job, bullmq.scheduler CASCADE");
    },
    async close() {
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

workQueueSuite("the embedded database", open);
noticeQueueSuite("the embedded database", open);
scheduleSuite("the embedded database", open);
