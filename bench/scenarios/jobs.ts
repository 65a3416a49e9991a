import type { Work } from "../../src/pipeline/ports.ts";
import type { QueueConnection } from "../../src/queue/connection.ts";
import { createWorkQueue } from "../../src/queue/producer.ts";
import { startWorker } from "../../src/queue/worker.ts";
import { openDatabase } from "../../src/store/database.ts";
import type { Bench, Findings } from "../bench.ts";
import { quietLog } from "../quiet-log.ts";

/** Jobs added at once, as by a commit that opened as many incidents. */
const atOnce = 100;
const clock = { now: () => new Date() };

/** How fast the queue takes jobs and hands them to a worker that has nothing to do for them. */
export async function jobs(bench: Bench): Promise<Findings> {
  const redis = await bench.servers.redis();
  const database = await openDatabase({ databaseUrl: await bench.servers.database(), dataDir: "", log: quietLog });
  const few = bench.options.quick ? 500 : 5_000;
  try {
    const onRedis = await throughput({ kind: "redis", url: redis.url, prefix: "bench" }, few * 4);
    const onPostgres = await throughput({ kind: "postgres", pool: database.queuePool() }, few);
    return {
      tables: [
        {
          title: "Jobs, by BullMQ",
          columns: ["", "added/s", "worked/s", "jobs"],
          rows: [
            ["Redis", onRedis.added, onRedis.worked, few * 4],
            ["PostgreSQL", onPostgres.added, onPostgres.worked, few],
          ],
          notes: [`Added ${atOnce} at a time, worked 20 at a time by one worker.`],
        },
      ],
      figures: {},
      problems: [],
    };
  } finally {
    await database.close();
  }
}

async function throughput(
  connection: QueueConnection,
  count: number,
): Promise<{ readonly added: number; readonly worked: number }> {
  const queue = await createWorkQueue({ connection, clock, log: quietLog });
  const adding = performance.now();
  for (let from = 0; from < count; from += atOnce) {
    await queue.add(Array.from({ length: Math.min(atOnce, count - from) }, (_, place) => workNumber(from + place)));
  }
  const added = count / ((performance.now() - adding) / 1000);

  let done = 0;
  let finished: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    finished = resolve;
  });
  const working = performance.now();
  const worker = await startWorker({
    connection,
    queue: "diagnose",
    concurrency: 20,
    handle: () => {
      done += 1;
      if (done === count) finished();
      return Promise.resolve({ retry: false });
    },
    telemetry: { job: () => undefined, jobTaken: () => undefined },
    log: quietLog,
  });
  await all;
  const worked = count / ((performance.now() - working) / 1000);
  await worker.close(5_000);
  await queue.close();
  return { added, worked };
}

function workNumber(index: number): Work {
  const sid = `NO${index.toString(16).padStart(32, "0")}`;
  return { id: String(index), kind: "diagnose", incidentId: String(index), eventSid: sid, first: true };
}
