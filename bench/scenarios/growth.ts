import { Agent, get } from "node:http";
import type pg from "pg";
import type { Bench, Findings } from "../bench.ts";
import { stopAll } from "../bench.ts";
import { faultline, openRecord, postgresBackend } from "../contenders/faultline.ts";
import { fillRecord } from "../fill.ts";
import { type Lane, measureLanes, middle, ratio } from "../lanes.ts";
import { workloads } from "../load/workloads.ts";
import { percentile } from "../report/median.ts";
import type { Table } from "../report/table.ts";

const connections = 50;

/** What pages of the incidents list are asked for. */
const pages = [
  "/api/v1/incidents",
  "/api/v1/incidents?state=open&limit=100",
  "/api/v1/incidents?code=80604",
  "/api/v1/incidents?state=resolved",
];

/** How costs grow with what is stored: ingest, the list of incidents, and the database itself. */
export async function growth(bench: Bench): Promise<Findings> {
  const { options, servers, sinkUrl, say } = bench;
  const small = { events: 10_000, incidents: 1 };
  const large = options.quick ? { events: 50_000, incidents: 1_000 } : { events: 1_000_000, incidents: 10_000 };
  const backends = { small: await postgresBackend(servers), large: await postgresBackend(servers) };
  say(`filling a record with ${large.events.toLocaleString("en-US")} events`);
  const filled = await fillRecord(backends.large.databaseUrl, large, `large ${process.pid}`);
  await fillRecord(backends.small.databaseUrl, small, `small ${process.pid}`);
  const records = {
    small: await openRecord(backends.small.databaseUrl),
    large: await openRecord(backends.large.databaseUrl),
  };
  const filledTo = { small: await lastId(records.small.client), large: await lastId(records.large.client) };

  const contenders = {
    small: await faultline(named(small), backends.small, sinkUrl),
    large: await faultline(named(large), backends.large, sinkUrl),
  };
  try {
    const [smallApi, largeApi] = [await askForPages(contenders.small), await askForPages(contenders.large)];
    // What a measurement adds is taken away again before the next; its incidents stay open, as they would.
    const cutBack = async (client: pg.Client, filledTo: string) => {
      await client.query("delete from faultline.events where id > $1", [filledTo]);
      await client.query("delete from faultline.event_keys where id > $1", [filledTo]);
      await client.query("vacuum (analyze)");
    };
    const lanes: readonly Lane[] = [
      {
        contender: contenders.small,
        workload: workloads.mixed,
        connections,
        prepare: () => cutBack(records.small.client, filledTo.small),
        warmUpSeconds: 8,
      },
      {
        contender: contenders.large,
        workload: workloads.mixed,
        connections,
        prepare: () => cutBack(records.large.client, filledTo.large),
        warmUpSeconds: 8,
      },
    ];
    const { measured, problems } = await measureLanes(lanes, bench);
    const [few, many] = measured;
    if (few === undefined || many === undefined) throw new Error("expected two measurements");
    const share = ratio(many, few, ({ perSecond }) => perSecond);
    const gibPerMillion = ((filled.bytes / large.events) * 1_000_000) / 1024 ** 3;
    const ingest: Table = {
      title: "How ingest grows with what is stored",
      columns: ["", "requests/s", "to the smaller", "p99 ms"],
      rows: [few, many].map((each) => [
        each.lane.contender.name,
        middle(each, ({ perSecond }) => perSecond),
        ratio(each, few, ({ perSecond }) => perSecond).toFixed(2),
        middle(each, ({ p99 }) => p99),
      ]),
      notes: [
        `The database grows by ${gibPerMillion.toFixed(2)} GiB per million events, indexes included. The store alone took ${Math.round(filled.perSecond).toLocaleString("en-US")} events/s in batches of 500 without waiting for the disk.`,
      ],
    };
    const lists: Table = {
      title: "GET /api/v1/incidents, one at a time",
      columns: ["", ...Object.keys(contenders).flatMap((size) => [`${size} p50 ms`, `${size} p99 ms`])],
      rows: pages.map((page, index) => {
        const [few, many] = [smallApi[index] ?? [], largeApi[index] ?? []];
        return [page, percentile(few, 50), percentile(few, 99), percentile(many, 50), percentile(many, 99)];
      }),
      notes: [`Small: ${named(small)}. Large: ${named(large)}.`],
    };
    return {
      tables: [ingest, lists],
      figures: options.quick
        ? {}
        : {
            grownIngestShare: share,
            incidentsP99Ms: Math.max(...largeApi.map((times) => percentile(times, 99))),
          },
      problems,
    };
  } finally {
    await Promise.all(Object.values(records).map((record) => record.close()));
    await stopAll(Object.values(contenders), bench);
  }

  async function askForPages({ adminPort }: { readonly adminPort: number }): Promise<number[][]> {
    const count = options.quick ? 50 : 200;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const found: number[][] = [];
    for (const page of pages) {
      for (let warm = 0; warm < 10; warm += 1) await timeOf(agent, adminPort, page);
      const times: number[] = [];
      for (let index = 0; index < count; index += 1) times.push(await timeOf(agent, adminPort, page));
      found.push(times);
    }
    agent.destroy();
    return found;
  }
}

async function lastId(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ id: string }>("select max(id) as id from faultline.events");
  return rows[0]?.id ?? "0";
}

function named({ events, incidents }: { events: number; incidents: number }): string {
  const words = `${events.toLocaleString("en-US")} events, ${incidents.toLocaleString("en-US")} open incident`;
  return incidents === 1 ? words : `${words}s`;
}

/** Until the whole answer is there, in milliseconds. */
function timeOf(agent: Agent, port: number, path: string): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    get({ agent, host: "127.0.0.1", port, path }, (response) => {
      response.resume().on("end", () => {
        if (response.statusCode === 200) resolve(performance.now() - started);
        else reject(new Error(`GET ${path}: expected 200, got ${response.statusCode}`));
      });
    }).on("error", reject);
  });
}
