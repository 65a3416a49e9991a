/*
 * How long /metrics takes with as many series as one process may give: `node scripts/measure-metrics.ts`. Served over HTTP, the
 * answer read to its end. Judged is the CPU time of the median scrape, reading included, which a busy machine does not change.
 */
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { maxSeries } from "../src/telemetry/bounds.ts";
import { contentTypes, type ExpositionFormat } from "../src/telemetry/exposition.ts";
import { floodOfEvents, floodOfTheRest, largeMetrics } from "../test/support/metric-flood.ts";

/** What an operator may expect, in milliseconds. */
const boundMs = 50;
const scrapes = 30;

const trace = `00-${"4bf92f3577b34da6".repeat(2)}-00f067aa0ba902b7-01`;
const metrics = largeMetrics({ tracing: { current: () => trace } });
floodOfEvents(metrics);
floodOfTheRest(metrics);

const server = createServer((request, response) => {
  void metrics
    .render(request.url === "/openmetrics" ? "openmetrics" : "prometheus")
    .then(({ contentType, body }) => response.writeHead(200, { "content-type": contentType }).end(body));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address() as AddressInfo;

async function read(url: string): Promise<string> {
  const chunks: Buffer[] = [];
  const answer = await new Promise<AsyncIterable<Buffer>>((resolve, reject) => {
    get(url, resolve).on("error", reject);
  });
  for await (const chunk of answer) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
}

let slow = false;
for (const format of Object.keys(contentTypes) as ExpositionFormat[]) {
  const times: number[] = [];
  const cpu: number[] = [];
  let text = "";
  for (let nth = 0; nth < scrapes; nth++) {
    const started = performance.now();
    const before = process.cpuUsage();
    text = await read(`http://127.0.0.1:${port}/${format}`);
    times.push(performance.now() - started);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1000);
  }
  const [sorted, sortedCpu] = [times, cpu].map((each) => each.toSorted((one, other) => one - other));
  const figures = {
    best: sorted?.[0],
    median: sorted?.[scrapes / 2],
    worst: sorted?.at(-1),
    first: times[0],
    "median of CPU": sortedCpu?.[scrapes / 2],
  };
  const series = text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
  const shown = Object.entries(figures).map(([name, ms]) => `${name} ${ms?.toFixed(1)} ms`);
  console.log(
    `${format}: ${series} series of at most ${maxSeries}, ${Math.round(text.length / 1024)} kB; ${shown.join(", ")}`,
  );
  slow ||= (figures["median of CPU"] ?? Number.POSITIVE_INFINITY) > boundMs;
}
server.close();
server.closeAllConnections();
if (slow) {
  console.error(`expected a median of CPU time below ${boundMs} ms, got more (see above)`);
  process.exitCode = 1;
}
