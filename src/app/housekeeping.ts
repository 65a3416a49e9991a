/*
 * The wiring of housekeeping. Each run is made once, by one of the workers, as the queue hands it out. The queue may be away or
 * lose its schedule, and incidents are to be resolved all the same; so every worker also looks, a step's period apart, whether
 * the schedule is still there and kept, and does the step itself where it is not. Then several may do it at once, which costs a
 * few more statements and nothing else: what a step changes, it changes once.
 */
import type { Clock, Log, Telemetry } from "../pipeline/ports.ts";
import type { Sweep } from "../pipeline/sweep.ts";
import type { QueueConnection } from "../queue/connection.ts";
import { type Schedule, type Step, startSchedule } from "../queue/schedule.ts";
import { startTimers } from "../timers.ts";

/** What housekeeping is made of. */
export interface HousekeepingWiring {
  readonly sweep: Sweep;
  readonly connection: QueueConnection;
  readonly quietPeriodMs: number;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly log: Log;
  /** For what is still under way when stopping, in milliseconds. */
  readonly timeLeft: () => number;
  /** Filled with what must be stopped, in the order of starting. */
  readonly stops: (() => Promise<void>)[];
}

/** Starts housekeeping. */
export async function startHousekeeping(wiring: HousekeepingWiring): Promise<void> {
  const { sweep, connection, telemetry, clock, log, stops } = wiring;
  const steps = [
    { name: "resolve-quiet", everyMs: Math.min(5_000, wiring.quietPeriodMs / 2), run: sweep.resolveQuiet },
    { name: "re-dispatch", everyMs: 10_000, run: sweep.redispatch },
    { name: "retention", everyMs: 10 * 60_000, run: sweep.forget },
  ].map((step) => ({ ...step, run: oneAtATime(step.run) }));
  const schedule = await startSchedule({ steps, connection, telemetry, clock, log });
  stops.push(async () => {
    const { finished } = await schedule.close(wiring.timeLeft());
    if (!finished) log.warn({}, "Housekeeping was cut off; another worker goes on with it");
  });
  const watch = steps.map((step) => ({
    name: step.name,
    everyMs: step.everyMs,
    run: async () => {
      if (!(await isKept(schedule, step, log))) await step.run();
    },
  }));
  // At once, too: where there is no schedule yet, it begins now.
  await Promise.all(steps.map((step) => isKept(schedule, step, log)));
  const timers = startTimers(watch, log);
  stops.push(() => timers.stop());
}

async function isKept(schedule: Schedule, step: Step, log: Log): Promise<boolean> {
  try {
    return await schedule.keep(step);
  } catch (error) {
    // That the queue is away has been said by its connection.
    log.debug({ err: error, step: step.name }, "No schedule; doing it here");
    return false;
  }
}

/** Who comes while it runs gets the end of that run. */
function oneAtATime(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => {
    running ??= run().finally(() => {
      running = null;
    });
    return running;
  };
}
