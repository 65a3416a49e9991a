import type { Bench, Findings } from "../bench.ts";
import { stopAll } from "../bench.ts";
import { embeddedBackend, faultline, postgresBackend } from "../contenders/faultline.ts";
import { bare } from "../contenders/small.ts";
import { type Lane, measureLanes, middle, ratio } from "../lanes.ts";
import { workloads } from "../load/workloads.ts";

/** Event Streams: many events a request. */
export async function streams(bench: Bench): Promise<Findings> {
  const http = await bare("http");
  const postgres = await faultline("Faultline, PostgreSQL", await postgresBackend(bench.servers), bench.sinkUrl);
  const embedded = await faultline("Faultline, embedded", embeddedBackend(bench.folder), bench.sinkUrl);
  const base: Lane = { contender: http, workload: workloads.mixed, connections: 50 };
  const hundreds: Lane = { contender: postgres, workload: workloads.batches100, connections: 50, warmUpSeconds: 4 };
  const lanes: readonly Lane[] = [
    base,
    { contender: postgres, workload: workloads.batches10, connections: 50 },
    hundreds,
    { contender: postgres, workload: workloads.stormBatches, connections: 50 },
    // So many that all requests under way together fit in what Faultline holds in memory.
    { contender: postgres, workload: workloads.batches1000, connections: 10 },
    { contender: embedded, workload: workloads.batches100, connections: 50 },
  ];
  try {
    const { measured, problems } = await measureLanes(lanes, bench);
    problems.push(...(await stopAll([http, postgres, embedded], bench)));
    const of = (lane: Lane) => measured[lanes.indexOf(lane)] ?? { lane, rounds: [] };
    return {
      tables: [
        {
          title: "Event Streams",
          columns: [
            "",
            "connections",
            "requests/s",
            "events/s",
            "events/s to node:http's requests/s",
            "p50 ms",
            "p99 ms",
            "memory MiB",
          ],
          rows: measured.map((each) => [
            `${each.lane.contender.name}: ${each.lane.workload.name}`,
            each.lane.connections,
            middle(each, ({ perSecond }) => perSecond),
            middle(each, ({ eventsPerSecond }) => eventsPerSecond),
            ratio(each, of(base), ({ eventsPerSecond }) => eventsPerSecond).toFixed(2),
            middle(each, ({ p50 }) => p50),
            middle(each, ({ p99 }) => p99),
            middle(each, ({ peakMiB }) => peakMiB),
          ]),
        },
      ],
      figures: {
        streamEventsToBare: ratio(of(hundreds), of(base), ({ eventsPerSecond }) => eventsPerSecond),
        streamP99Ms: middle(of(hundreds), ({ p99 }) => p99),
      },
      problems,
    };
  } finally {
    await Promise.all([http, postgres, embedded].map((contender) => contender.stop()));
  }
}
