/*
 * How much is broken, from the environment: all of it by default, less where time is short.
 */

/** Rounds of each fault that strikes at a random moment. */
export const rounds = positive("FAULT_ROUNDS", 20);

/** How long a server is out of reach, in seconds. */
export const outageSeconds = positive("FAULT_OUTAGE_SECONDS", 60);

/** Decides the random moments; printed with every fault, so that a failure can be had again. */
export const seed = positive("FAULT_SEED", Date.now() % 1_000_000);

/** The longest it may take until all is as before, in milliseconds after the end of the fault. */
export const recoveryMs = 10_000;

/** Time for a round of a test: recovery, and servers that start on a busy machine; in milliseconds. */
export const roundMs = 45_000;

/** Time for what comes after the last round: what a dead worker held is taken over, lost jobs are handed over again. */
export const settleMs = 180_000;

function positive(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === "") return otherwise;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`${name}: expected a whole number above 0, got ${JSON.stringify(text)}`);
}
