import type { Admit } from "../pipeline/ingest.ts";
import type { RateLimit } from "./rate-limit.ts";

/** The limits of signed deliveries. Null where none is configured. */
export interface SignedLimits {
  readonly perAddress: RateLimit | null;
  readonly perAccount: RateLimit | null;
}

/**
 * Lets signed deliveries in as far as the limits go: one delivery is one from its sender, and one of each account whose
 * events are in it. Undefined without limits. `refused` is told of each one sent away.
 */
export function createAdmission({ perAddress, perAccount }: SignedLimits, refused: () => void): Admit | undefined {
  if (perAddress === null && perAccount === null) return undefined;
  return (sender, accounts) => {
    const asked: (readonly [RateLimit, string])[] = [];
    if (perAddress !== null && sender !== null) asked.push([perAddress, sender]);
    if (perAccount !== null) for (const account of new Set(accounts)) asked.push([perAccount, account]);
    const waitMs = Math.max(0, ...asked.map(([limit, key]) => limit.waitMs(key)));
    if (waitMs > 0) {
      refused();
      return Math.ceil(waitMs / 1000);
    }
    // Only now: what is sent away because of one limit must not use up another.
    for (const [limit, key] of asked) limit.take(key);
    return 0;
  };
}
