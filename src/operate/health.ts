import type { Readiness } from "./schemas.ts";

/** How long /readyz waits for the checks before it says that they hang, in milliseconds. */
export const readinessBoundMs = 2_000;

/** What the process knows of its own readiness. */
export type ReadinessCheck = () => Promise<Readiness>;

/** The answer of /readyz: what the checks say, or that they failed or hang. Never rejects. */
export async function readinessOf(check: ReadinessCheck, boundMs: number = readinessBoundMs): Promise<Readiness> {
  const late = Promise.withResolvers<Readiness>();
  const hang = { ready: false, checks: { readiness: `no answer within ${boundMs} ms` } };
  const timer = setTimeout(() => late.resolve(hang), boundMs);
  try {
    return await Promise.race([check(), late.promise]);
  } catch {
    return { ready: false, checks: { readiness: "the checks themselves failed" } };
  } finally {
    clearTimeout(timer);
  }
}
