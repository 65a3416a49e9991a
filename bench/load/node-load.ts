/*
 * The load generator where wrk is not installed: `node node-load.ts <port> <file> <seconds> <connections>`. Prints what
 * wrk.lua prints. It takes several times the processor time of wrk, so its figures are not to be held against wrk's.
 */
import { readFileSync } from "node:fs";
import { percentile } from "../report/median.ts";
import { openConnection } from "./connection.ts";
import type { Load } from "./load.ts";

const [port = "", path = "", seconds = "", connections = ""] = process.argv.slice(2);
const requests = split(readFileSync(path));
const started = performance.now();
const until = started + Number(seconds) * 1000;
const times: number[] = [];
const counts = { refused: 0, broken: 0, sent: 0 };

await Promise.race([
  Promise.all(Array.from({ length: Number(connections) }, lane)),
  new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000)),
]);
const load: Load = {
  ...counts,
  answered: times.length,
  rounds: Math.floor(counts.sent / requests.length),
  seconds: (performance.now() - started) / 1000,
  p50: percentile(times, 50),
  p99: percentile(times, 99),
  max: percentile(times, 100),
};
process.stdout.write(`${JSON.stringify(load)}\n`, () => process.exit(0));

async function lane(): Promise<void> {
  let connection = openConnection(Number(port));
  while (performance.now() < until) {
    const request = requests[counts.sent % requests.length];
    if (request === undefined) return;
    counts.sent += 1;
    const before = performance.now();
    try {
      const status = await connection.exchange(request);
      times.push(performance.now() - before);
      if (status >= 400) counts.refused += 1;
    } catch {
      counts.broken += 1;
      connection.close();
      connection = openConnection(Number(port));
    }
  }
}

function split(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const length = Number(bytes.toString("latin1", start, start + 8));
    found.push(bytes.subarray(start + 8, start + 8 + length));
    start += 8 + length;
  }
  return found;
}
