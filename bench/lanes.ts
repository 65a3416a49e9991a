import { rmSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { Bench } from "./bench.ts";
import type { Contender, Kept } from "./contenders/contender.ts";
import { type Load, sendLoad } from "./load/load.ts";
import { type RequestFile, writeRequests } from "./load/request-file.ts";
import type { Workload } from "./load/workloads.ts";
import { watchMemory } from "./memory.ts";
import { processorMs } from "./processor.ts";
import { median } from "./report/median.ts";

/** One line of a table: a contender under a kind of traffic. */
export interface Lane {
  readonly contender: Contender;
  readonly workload: Workload;
  readonly connections: number;
  /** Brings the record to where the measurement starts from. */
  readonly prepare?: () => Promise<void>;
  /**
   * Empties record and queue after each measurement: for traffic that leaves more work behind than others should have to
   * bear. Where incidents stay open, diagnosing and telling of them is part of the warm-up, as it would be.
   */
  readonly resetAfter?: boolean;
  /**
   * How long the first round takes, which does not count. A process that has not run this path before needs some 25,000
   * requests until its code is as fast as it gets; what runs for months is not to be measured by its first seconds.
   */
  readonly warmUpSeconds?: number;
}

/** One measurement of a lane. Times in milliseconds. */
export interface Round {
  /** Answers a second. */
  readonly perSecond: number;
  readonly eventsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly peakMiB: number;
  /** Processor time of the contender's own processes, in microseconds an answer. */
  readonly processorUs: number;
}

/** All measurements of a lane. */
export interface Measured {
  readonly lane: Lane;
  readonly rounds: readonly Round[];
}

/** More than any contender takes in a second; the file is begun again where nothing is kept. */
const mostEvents = { single: 16_000, batched: 60_000 };

/**
 * Measures lanes in turns, round by round, so that whatever else the machine does hits them alike. One round before
 * does not count. After each measurement the record is held against what was acknowledged.
 */
export async function measureLanes(
  lanes: readonly Lane[],
  bench: Bench,
): Promise<{ measured: readonly Measured[]; problems: string[] }> {
  const rounds = new Map<Lane, Round[]>(lanes.map((lane) => [lane, []]));
  const problems: string[] = [];
  for (let number = 0; number <= bench.options.rounds; number += 1) {
    const files = requestFiles(bench);
    for (const lane of lanes) {
      const seconds = number > 0 || bench.options.quick ? bench.options.seconds : (lane.warmUpSeconds ?? 2);
      const { round, problem } = await measure(lane, files.of(lane, seconds), seconds, bench);
      if (problem !== null) problems.push(`${lane.contender.name}, ${lane.workload.name}: ${problem}`);
      if (number > 0) rounds.get(lane)?.push(round);
      bench.say(
        `${number === 0 ? "warm-up" : `round ${number}`}: ${lane.contender.name}, ${lane.workload.name}: ${Math.round(round.perSecond)}/s, p99 ${round.p99.toFixed(1)} ms`,
      );
    }
    files.remove();
  }
  return { measured: lanes.map((lane) => ({ lane, rounds: rounds.get(lane) ?? [] })), problems };
}

/** The median over the rounds. */
export function middle(measured: Measured, of: (round: Round) => number): number {
  return median(measured.rounds.map(of));
}

/** How a lane compares with another one: the median of the ratios within each round. */
export function ratio(measured: Measured, to: Measured, of: (round: Round) => number, ofTo = of): number {
  return median(
    measured.rounds.map((round, index) => {
      const other = to.rounds[index];
      return other === undefined ? Number.NaN : of(round) / ofTo(other);
    }),
  );
}

/** Makes each round's files once for all lanes that send the same; a process's share is a file of its own. */
function requestFiles(bench: Bench) {
  const made = new Map<string, RequestFile>();
  const seed = `${process.pid} ${performance.now()}`;
  return {
    of({ workload, contender }: Lane, seconds: number): RequestFile[] {
      const perSecond = workload.batch === 1 ? mostEvents.single : mostEvents.batched;
      return contender.ports.map((_, place) => {
        const key = `${workload.name} ${place} ${seconds}`;
        const file = made.get(key) ?? writeRequests(bench.folder, workload, `${seed} ${key}`, perSecond * seconds);
        made.set(key, file);
        return file;
      });
    },
    remove() {
      for (const { path } of made.values()) rmSync(path);
    },
  };
}

async function measure(
  lane: Lane,
  files: readonly RequestFile[],
  seconds: number,
  bench: Bench,
): Promise<{ round: Round; problem: string | null }> {
  const { contender, workload } = lane;
  await lane.prepare?.();
  const before = (await contender.record?.read()) ?? null;
  await bench.servers.settle();
  await wait(200);

  const memory = watchMemory(contender.pids);
  const processorBefore = processorMs(contender.pids);
  const connections = Math.floor(lane.connections / contender.ports.length);
  const loads = await Promise.all(
    contender.ports.map(async (port, index) => {
      const file = files[index];
      if (file === undefined) throw new Error(`expected a file for port ${index + 1} of ${contender.name}`);
      return { file, load: await sendLoad(bench.generator, port, file, { seconds, connections }) };
    }),
  );
  const usedMs = processorMs(contender.pids) - processorBefore;
  const peakMiB = memory.stop();
  // What was under way when the generator hung up is still recorded.
  await wait(300);
  const after = (await contender.record?.read()) ?? null;
  if (lane.resetAfter === true) await contender.reset();

  const perSecond = loads.reduce((sum, { load }) => sum + load.answered / load.seconds, 0);
  return {
    round: {
      perSecond,
      eventsPerSecond: perSecond * workload.batch,
      p50: Math.max(...loads.map(({ load }) => load.p50)),
      p99: Math.max(...loads.map(({ load }) => load.p99)),
      max: Math.max(...loads.map(({ load }) => load.max)),
      peakMiB,
      processorUs: (usedMs * 1000) / loads.reduce((sum, { load }) => sum + load.answered, 0),
    },
    problem: problemOf(loads, before, after),
  };
}

/**
 * Every acknowledged event must be on record, once, and nothing that was not sent. What was under way at the end may be
 * there or not.
 */
function problemOf(
  loads: readonly { file: RequestFile; load: Load }[],
  before: Kept | null,
  after: Kept | null,
): string | null {
  let [least, most, broken, surprising] = [0, 0, 0, 0];
  for (const { file, load } of loads) {
    const { fresh } = file.expected(Math.min(load.sent, file.requests));
    const again = Math.floor(load.sent / file.requests);
    const refused = again * file.expected(file.requests).refused + file.expected(load.sent % file.requests).refused;
    const wronglyRefused = Math.max(0, load.refused - refused);
    least += fresh - (load.sent - load.answered + wronglyRefused) * file.workload.batch;
    most += fresh;
    broken += load.broken;
    surprising += wronglyRefused;
    if (load.rounds > 0 && after !== null && file.expected(file.requests).fresh > 0)
      return "the file of requests was too short, so that events came again";
  }
  if (broken > 0) return `${broken} connections broke or answers timed out`;
  if (surprising > 0) return `${surprising} deliveries were refused`;
  if (before === null || after === null) return null;
  const events = after.events - before.events;
  if (events < least || events > most)
    return `expected ${least} to ${most} events on record, what was acknowledged and what was under way, got ${events}`;
  const counted = (after.counted ?? after.events) - (before.counted ?? before.events);
  return counted === events ? null : `expected the incidents to count ${events} events, got ${counted}`;
}
