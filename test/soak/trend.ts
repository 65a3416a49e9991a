/** A value at a time, in minutes. */
export interface Sample {
  readonly minute: number;
  readonly value: number;
}

/** The lowest of each minute: what is left once the garbage is gone. */
export function lows(samples: readonly Sample[]): Sample[] {
  const minutes = Map.groupBy(samples, ({ minute }) => Math.floor(minute));
  return [...minutes].map(([minute, group]) => ({ minute, value: Math.min(...group.map(({ value }) => value)) }));
}

/** By how much a value grows a minute: the slope of the line of least squares. */
export function slope(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number) => samples.reduce((sum, each) => sum + of(each), 0) / samples.length;
  const [x, y] = [mean(({ minute }) => minute), mean(({ value }) => value)];
  const spread = samples.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0);
  return spread === 0 ? 0 : samples.reduce((sum, { minute, value }) => sum + (minute - x) * (value - y), 0) / spread;
}
