import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Schedule, type ScheduleParts, type Step, startSchedule } from "../../src/queue/schedule.ts";
import { memoryLog, type QueueFixture } from "./work-queue.suite.ts";

/** A queue that can lose everything, its schedule too. */
export interface ScheduleFixture extends QueueFixture {
  forget(): Promise<void>;
}

/** What is done again and again, run on every server. */
export function scheduleSuite(name: string, open: () => Promise<ScheduleFixture>): void {
  describe(`schedule on ${name}`, () => {
    let fixture: ScheduleFixture;
    const schedules: Schedule[] = [];
    beforeAll(async () => {
      fixture = await open();
    });
    afterEach(async () => {
      await Promise.all(schedules.splice(0).map((schedule) => schedule.close(2_000)));
      await fixture.forget();
    });
    afterAll(async () => {
      await fixture?.close();
    });

    async function start(steps: readonly Step[], more: Partial<ScheduleParts> = {}) {
      const outcomes: string[] = [];
      const log = memoryLog();
      const schedule = await startSchedule({
        steps,
        connection: fixture.connection,
        telemetry: { jobTaken: () => undefined, job: (queue, outcome) => outcomes.push(`${queue} ${outcome}`) },
        clock: { now: () => new Date() },
        log,
        ...more,
      });
      schedules.push(schedule);
      return { schedule, outcomes, log };
    }

    test("three workers make each run once between them", async () => {
      const everyMs = 300;
      const runs: number[] = [];
      const step: Step = { name: "count", everyMs, run: async () => void runs.push(performance.now()) };
      const workers = await Promise.all([1, 2, 3].map(() => start([step])));
      // All three say so at once, as they do when they start together.
      expect(await Promise.all(workers.map(({ schedule }) => schedule.keep(step)))).toEqual([true, true, true]);
      await expect.poll(() => runs.length, { timeout: 20_000 }).toBeGreaterThan(12);
      // Several that begin the schedule at the same moment may each begin with a run; from then on there is one a period.
      const [first = 0] = runs;
      const settled = runs.filter((at) => at - first > everyMs / 2);
      const gaps = settled.slice(1).map((at, index) => at - (settled[index] ?? 0));
      expect(gaps.length).toBeGreaterThan(8);
      expect(Math.min(...gaps), `gaps ${gaps.join(" ")}`).toBeGreaterThan(everyMs / 2);
      expect(workers.flatMap(({ outcomes }) => outcomes)).toEqual(runs.map(() => "housekeeping completed"));
    });

    test("each step has its own period, and one that takes long does not hold up another", async () => {
      const { promise: gate, resolve: release } = Promise.withResolvers<void>();
      const runs: string[] = [];
      const steps: Step[] = [
        { name: "long", everyMs: 200, run: () => gate },
        { name: "short", everyMs: 200, run: async () => void runs.push("short") },
      ];
      const { schedule } = await start(steps);
      for (const step of steps) await schedule.keep(step);
      await expect.poll(() => runs.filter((run) => run === "short").length, { timeout: 20_000 }).toBeGreaterThan(3);
      release();
    });

    test("a dead worker's run is taken over", async () => {
      const { promise: gate, resolve: release } = Promise.withResolvers<void>();
      const takeOver = { lockDuration: 500, stalledInterval: 300 };
      const started: string[] = [];
      // So seldom that what comes again is the same run.
      const step = (who: string, run: () => Promise<void>): Step => ({
        name: "once",
        everyMs: 3_600_000,
        run: async () => {
          started.push(who);
          await run();
        },
      });
      const stuck = await start([step("stuck", () => gate)], { takeOver });
      await stuck.schedule.keep(step("stuck", () => gate));
      await expect.poll(() => started, { timeout: 5_000 }).toEqual(["stuck"]);
      expect(await stuck.schedule.close(100)).toEqual({ finished: false });
      const next = await start([step("next", async () => undefined)], { takeOver });
      await expect.poll(() => started, { timeout: 10_000 }).toEqual(["stuck", "next"]);
      expect(next.log.lines.map(({ sentence }) => sentence)).toEqual(["Job of a silent worker taken over"]);
      release();
    });

    test("a schedule that was lost comes back, and so does one that lost only its job", async () => {
      const runs: number[] = [];
      const step: Step = { name: "lost", everyMs: 200, run: async () => void runs.push(performance.now()) };
      const { schedule } = await start([step]);
      const kept = async () => {
        await schedule.keep(step);
        return runs.length;
      };
      const keepGoing = () => expect.poll(kept, { timeout: 20_000 });
      await keepGoing().toBeGreaterThan(2);
      for (const lose of [fixture.forget, fixture.clear]) {
        await lose();
        const before = runs.length;
        await keepGoing().toBeGreaterThan(before + 2);
      }
    });

    test("runs that do not come are told to be late after three periods", async () => {
      const step: Step = { name: "late", everyMs: 60_000, run: async () => undefined };
      const { schedule } = await start([step]);
      expect(await schedule.keep(step)).toBe(true);
      const later = (ms: number) => start([step], { clock: { now: () => new Date(Date.now() + ms) } });
      const [soon, late] = [await later(200_000), await later(300_000)];
      expect(await soon.schedule.keep(step)).toBe(true);
      expect(await late.schedule.keep(step)).toBe(false);
    });

    test("a run that fails is told, and the next one comes; a step of another version is left alone", async () => {
      let runs = 0;
      const step: Step = {
        name: "failing",
        everyMs: 200,
        run: async () => {
          runs += 1;
          if (runs === 1) throw new Error("away");
        },
      };
      const { schedule, outcomes, log } = await start([step]);
      await schedule.keep({ ...step, name: "of a newer version" });
      await schedule.keep(step);
      await expect.poll(() => runs, { timeout: 10_000 }).toBeGreaterThan(2);
      expect(outcomes.slice(0, 2)).toEqual(["housekeeping retried", "housekeeping completed"]);
      expect(log.lines).toEqual([
        {
          level: "warn",
          fields: { step: "failing", code: "Error", reason: "away" },
          sentence: "Housekeeping failed; it will be tried again",
        },
      ]);
    });

    test("a run that is an hour off, by a clock that was set back since, is put where it belongs", async () => {
      const step: Step = { name: "count", everyMs: 1_000, run: async () => undefined };
      const { schedule } = await start([step]);
      expect(await schedule.keep(step)).toBe(true);
      const hourMs = 3_600_000;
      const { schedule: earlier } = await start([step], { clock: { now: () => new Date(Date.now() - hourMs) } });
      expect(await earlier.keep(step)).toBe(false);
    });
  });
}
