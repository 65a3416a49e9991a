const minuteMs = 60_000;

/**
 * For what may happen a thousand times a second and is worth one line: writes the first time, then at most once a minute, with
 * how often it happened since the line before. `now` in milliseconds.
 */
export function onceAMinute(now: () => number, write: (times: number) => void): () => void {
  let saidAt = Number.NEGATIVE_INFINITY;
  let times = 0;
  return () => {
    times += 1;
    if (now() - saidAt < minuteMs) return;
    saidAt = now();
    write(times);
    times = 0;
  };
}
