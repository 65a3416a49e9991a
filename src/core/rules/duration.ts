const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The longest period accepted: 31 days in milliseconds. Beyond it timers and retention make no sense. */
const longestMs = 31 * unitMs.d;

/** Milliseconds of a period such as `90s`, `30m`, `2h` or `1d`; null when it is none, or not between 1 s and 31 days. */
export function durationMs(text: string): number | null {
  const match = /^([1-9][0-9]{0,6})(s|m|h|d)$/.exec(text);
  if (match === null) return null;
  const ms = Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
  return ms <= longestMs ? ms : null;
}
