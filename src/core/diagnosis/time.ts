/** Milliseconds since the epoch, null for no time or none that can be read. */
export function timeOf(text: string | null | undefined): number | null {
  if (text === null || text === undefined) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

/** Clocks differ and Twilio writes whole seconds: this far apart, two times may still be in either order. */
const toleranceMs = 10_000;

/**
 * Whether something surely came after the event, and so cannot be its cause. Times of events may be late or missing;
 * what is in doubt did not come after.
 */
export function cameAfter(text: string | null, occurredAt: string | null): boolean {
  const at = timeOf(text);
  const event = timeOf(occurredAt);
  return at !== null && event !== null && at > event + toleranceMs;
}
