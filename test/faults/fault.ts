import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import { expect } from "vitest";
import { expectExact, readBooks } from "../support/books.ts";
import type { Faultline } from "../support/faultline.ts";
import { nothingPending } from "../support/notices.ts";
import { seededRandom } from "../support/random.ts";
import { until } from "../support/until.ts";
import { type Flow, startFlow } from "./flow.ts";
import { readNotices } from "./notices-book.ts";
import { recoveryMs, seed, settleMs } from "./settings.ts";
import type { Site, SplitSite } from "./site.ts";
import type { FaultRow } from "./table.ts";

/** What a round is given. */
export interface Round {
  readonly number: number;
  readonly flow: Flow;
  readonly random: () => number;
  /** To be called at the moment from which on nothing is wrong any more. */
  ended(): void;
}

/** A fault, round after round. */
export interface Fault {
  readonly name: string;
  readonly rounds: number;
  /** Brings it about and ends it again. */
  readonly strike: (round: Round) => Promise<void>;
  /** Whether connections of the sender may break: only where the process itself goes. */
  readonly breaksConnections?: boolean;
  /** Codes of the events that flow; the usual ones unless given. */
  readonly codes?: readonly number[];
  /** Notices that may come twice to each receiver: one a crash of who sends them. */
  readonly mayComeTwice?: number;
  /** Looks further, before the site is gone. */
  readonly afterwards?: (flow: Flow) => Promise<void>;
}

/** The test's own context, as far as it is used. */
interface Context {
  readonly task: { readonly meta: { fault?: FaultRow } };
}

/**
 * Has deliveries flow, strikes at random moments, waits each time until all is as before, and in the end holds against each
 * other what the sender saw acknowledged, what is recorded and what the receivers got.
 */
export async function strike(context: Context, site: Site, fault: Fault): Promise<void> {
  console.log(`${fault.name}: FAULT_SEED=${seed}`);
  const random = seededRandom(seed);
  const flow = startFlow({
    port: () => site.ingest.port,
    random,
    ...(fault.codes !== undefined && { codes: fault.codes }),
  });
  let slowest = 0;
  for (let number = 1; number <= fault.rounds; number += 1) {
    await until("deliveries to flow", 20_000, () => flow.acknowledged.size > 50 * number);
    await wait(random() * 3_000);
    // So that, most times, somebody is being told of something when it strikes.
    await flow.probe();
    await wait(random() * 300);
    let endedAt: number | null = null;
    const ended = () => {
      endedAt ??= performance.now();
    };
    await fault.strike({ number, flow, random, ended });
    ended();
    slowest = Math.max(slowest, (await asBefore(site, flow, endedAt ?? 0)) - (endedAt ?? 0));
  }
  await flow.stop();
  console.log(`answers: ${JSON.stringify([...flow.answers])}, the slowest after ${flow.slowestMs()} ms`);
  const row = await reconcile(context, site, flow, fault, slowest);
  expect(flow.improper, "answers that are none Twilio should get").toEqual([]);
  const allowed = fault.breaksConnections === true ? /./ : /^(204|503)$/;
  expect([...flow.answers.keys()].filter((answer) => !allowed.test(answer))).toEqual([]);
  expect(row.recoveryMs, "milliseconds until all was as before").toBeLessThan(recoveryMs);
  await fault.afterwards?.(flow);
  await stopAll(site);
}

/** A recovery that takes longer is worth a look at the log, in milliseconds. */
const slowMs = 5_000;

/** Resolves to the moment when every process is ready, and what is delivered is recorded, diagnosed and told. */
async function asBefore(site: Site, flow: Flow, since: number): Promise<number> {
  const seconds = () => ((performance.now() - since) / 1000).toFixed(1);
  await until("every process to be ready", 60_000, () => everyoneReady(site));
  const ready = seconds();
  await until("a delivery to be acknowledged", 60_000, () => flow.acknowledgedSince(since));
  const acknowledged = seconds();
  const code = await flow.probe();
  await until(`the notice of a new incident (${code})`, 60_000, () =>
    site.receivers.webhook.received.some(({ status, body }) => status === 204 && body.includes(`"code":${code}`)),
  );
  console.log(`ready after ${ready} s, taking deliveries after ${acknowledged} s, telling after ${seconds()} s`);
  if (performance.now() - since > slowMs) console.log("the worker says:", site.worker.now().logs().slice(-40));
  return performance.now();
}

/** The processes of a site, each once. */
export function processesOf(site: Site): Faultline[] {
  return [...new Set([site.ingest.now(), site.worker.now()])];
}

async function everyoneReady(site: Site): Promise<boolean> {
  const answers = await Promise.all(processesOf(site).map(readinessOf));
  return answers.every(
    ({ status, checks }) => status === 200 && Object.values(checks).every((check) => check === "ok"),
  );
}

/** What a process says of itself. */
export async function readinessOf(process: Faultline): Promise<{ status: number; checks: Record<string, string> }> {
  const answer = await process.get("/readyz");
  const { checks } = (await answer.json()) as { checks: Record<string, string> };
  return { status: answer.status, checks };
}

async function reconcile(
  { task }: Context,
  site: Site,
  flow: Flow,
  fault: Fault,
  slowest: number,
): Promise<FaultRow & { recoveryMs: number }> {
  const observer = site.worker.now();
  // The last state of each: the end.
  await until("every incident to end", settleMs, async () =>
    (await observer.incidents()).every(({ state }) => state === "resolved"),
  );
  await until("every diagnosis to be made", settleMs, () => nothingToDo(site));
  const told = () => readNotices(observer, site.receivers);
  await until("every notice to go out", settleMs, async () => {
    return (await nothingPending(observer)) && (await told()).wrong.length === 0;
  }).catch((error: unknown) => console.log(String(error)));

  const [books, notices] = [await readBooks(observer, flow), await told()];
  const row = {
    fault: fault.name,
    rounds: fault.rounds,
    acknowledged: flow.acknowledged.size,
    recorded: books.events.length,
    duplicates: books.duplicates,
    lost: books.lost.length,
    recoveryMs: slowest,
    notices: notices.delivered,
    noticesTwice: Object.values(notices.twice).reduce((sum, count) => sum + count, 0),
  };
  task.meta.fault = row;
  expectExact(books, flow);
  // What was never acknowledged came again until it was.
  expect(row.recorded, "events on record").toBe(row.acknowledged);
  expect(notices.wrong, "receivers that do not know the last state").toEqual([]);
  for (const [receiver, twice] of Object.entries(notices.twice))
    expect(twice, `notices that came twice to ${receiver}`).toBeLessThanOrEqual(fault.mayComeTwice ?? 0);
  expect(notices.mostTimes, "times that the same notice came").toBeLessThanOrEqual(2);
  return row;
}

/** Whether every diagnosis that was asked for has been made. */
async function nothingToDo(site: Site): Promise<boolean> {
  if (isSplit(site)) return (await unfinished(site.databaseUrl)) === 0;
  const waiting = (await site.worker.now().samples()).filter(
    ({ name, labels, value }) =>
      name === "faultline_queue_jobs" &&
      labels.queue === "diagnose" &&
      ["waiting", "active", "delayed", "prioritized"].includes(labels.state ?? "") &&
      value > 0,
  );
  return waiting.length === 0;
}

/** Pieces of work that are neither done nor given up. */
export async function unfinished(databaseUrl: string): Promise<number> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    const { rows } = await client.query<{ count: string }>(
      "select count(*) from faultline.work where finished_at is null",
    );
    return Number(rows[0]?.count);
  } finally {
    await client.end();
  }
}

function isSplit(site: Site): site is SplitSite {
  return "databaseUrl" in site;
}

async function stopAll(site: Site): Promise<void> {
  await Promise.all(processesOf(site).map((process) => process.stop()));
}
