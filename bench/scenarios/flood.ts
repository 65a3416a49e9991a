import type { Bench, Findings } from "../bench.ts";
import { stopAll } from "../bench.ts";
import { faultline, postgresBackend } from "../contenders/faultline.ts";
import { bare } from "../contenders/small.ts";
import { type Lane, type Measured, measureLanes, middle, ratio } from "../lanes.ts";
import { templates } from "../load/templates.ts";
import type { Workload } from "../load/workloads.ts";
import type { Table } from "../report/table.ts";

const connections = 50;

/** What stands where a signature would. */
type Signature = "none" | "not one" | "of another token";

/** Senders of a flood that comes from everywhere. */
const senders = 20_000;

/** Webhooks of 1 KB that nobody signed, all from one address or each from another one. */
function flooding(name: string, signature: Signature, everywhere = false): Workload {
  const [template] = templates;
  if (template === undefined) throw new Error("expected a template");
  return {
    name,
    batch: 1,
    *requests(seed) {
      for (let index = 0; ; index += 1) {
        const signed = template.webhook(template.sids(seed, index, false), true).toString("latin1");
        const header = `${signature === "not one" ? "X-Twilio-Signature: let-me-in\r\n" : ""}${everywhere ? `X-Forwarded-For: ${addressOf(index)}\r\n` : ""}`;
        const request =
          signature === "of another token"
            ? signed.replace("X-Twilio-Signature", `${header}X-Twilio-Signature`)
            : signed.replace(/X-Twilio-Signature: .*\r\n/, header);
        yield { request: Buffer.from(request, "latin1"), fresh: 0, refused: true };
      }
    },
  };
}

/** Addresses set aside for measurements. https://www.rfc-editor.org/rfc/rfc2544#appendix-C.2.2 */
function addressOf(index: number): string {
  const place = (index * 7_919) % senders;
  return `198.18.${place >> 8}.${place & 255}`;
}

const unsigned = flooding("no signature", "none");
const everywhere = flooding("no signature, 20,000 senders", "none", true);
const nonsense = flooding("a signature that cannot be one", "not one");
const forged = flooding("signed with another token", "of another token");

/** What it costs to refuse, held against an express that reads the body and answers. */
export async function flood(bench: Bench): Promise<Findings> {
  const express = await bare("express");
  const backend = await postgresBackend(bench.servers);
  // As behind a proxy, which is where a flood from everywhere can be told from one that comes from one address.
  const behindProxy = { ...backend, env: { ...backend.env, TRUSTED_PROXIES: "127.0.0.0/8" } };
  const postgres = await faultline("Faultline", behindProxy, bench.sinkUrl);
  const lanes: readonly Lane[] = [
    { contender: express, workload: unsigned, connections, warmUpSeconds: 5 },
    ...[unsigned, everywhere, nonsense, forged].map((workload) => ({
      contender: postgres,
      workload,
      connections,
      warmUpSeconds: 5,
    })),
  ];
  try {
    const { measured, problems } = await measureLanes(lanes, bench);
    problems.push(...(await stopAll([express, postgres], bench)));
    const [basis, ...floods] = measured;
    if (basis === undefined) throw new Error("expected a measurement of bare express");
    const to = (each: Measured) => ratio(each, basis, ({ perSecond }) => perSecond);
    // The worst of those that are refused before a body is read.
    const refusedUnread = floods.filter(({ lane: { workload } }) => workload !== forged);
    return {
      tables: [table(measured, to)],
      figures: { floodToExpress: Math.min(...refusedUnread.map(to)) },
      problems,
    };
  } finally {
    await Promise.all([express, postgres].map((contender) => contender.stop()));
  }
}

function table(measured: readonly Measured[], to: (each: Measured) => number): Table {
  return {
    title: `Refusing floods of webhooks of 1 KB, ${connections} connections`,
    columns: ["", "requests/s", "to bare express", "p99 ms", "own processor µs", "memory MiB"],
    rows: measured.map((each) => [
      `${each.lane.contender.name}: ${each.lane.workload.name}`,
      middle(each, ({ perSecond }) => perSecond),
      to(each).toFixed(2),
      middle(each, ({ p99 }) => p99),
      middle(each, ({ processorUs }) => processorUs),
      middle(each, ({ peakMiB }) => peakMiB),
    ]),
    notes: [
      "Bare express reads the body and answers 204. Faultline answers 401 or 403, and 429 after the first 100 a minute of a sender; that nothing of it was kept is read from the database after each measurement.",
    ],
  };
}
