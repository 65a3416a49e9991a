/** One thing a start needs, and whether it is there. `detail` says what was found, or the fix; never a secret. */
export interface CheckResult {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** What an error says, for a detail. A refused connection may come as an AggregateError without a message of its own. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ("code" in error ? String(error.code) : error.name);
}
