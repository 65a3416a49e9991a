import { setTimeout as wait } from "node:timers/promises";

/** Asks again and again until the answer is neither null nor false. Rejects with what was awaited after `timeoutMs`. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<T | null | false> | T | null | false,
): Promise<T> {
  const started = performance.now();
  let lastError: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== null && answer !== false) return answer;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() - started > timeoutMs) {
      throw new Error(`expected ${what} within ${timeoutMs} ms`, { cause: lastError });
    }
    await wait(50);
  }
}
