/** A limit that says how long to wait: 0 when the call is within it. */
export interface RateLimit {
  /** Milliseconds to wait, 0 when allowed; only allowed calls count. */
  take(key: string): number;
}

/** `perSecond` calls a second and key on average, `burst` at once. A tenth of a call is forgiven: requests bunch on their way. */
export function tokenBucket(perSecond: number, burst: number): RateLimit {
  const capacity = burst + 0.1;
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take(key) {
      const now = performance.now();
      const bucket = buckets.get(key) ?? { tokens: capacity, at: now };
      const tokens = Math.min(capacity, bucket.tokens + ((now - bucket.at) / 1_000) * perSecond);
      const allowed = tokens >= 1;
      buckets.set(key, { tokens: allowed ? tokens - 1 : tokens, at: now });
      return allowed ? 0 : ((1 - tokens) / perSecond) * 1_000;
    },
  };
}

/** At most `max` calls a key in any `windowMs`. */
export function slidingWindow(max: number, windowMs: number): RateLimit {
  const taken = new Map<string, number[]>();
  return {
    take(key) {
      const now = performance.now();
      const recent = (taken.get(key) ?? []).filter((at) => now - at < windowMs);
      taken.set(key, recent);
      const [oldest] = recent;
      if (oldest !== undefined && recent.length >= max) return oldest + windowMs - now;
      recent.push(now);
      return 0;
    },
  };
}
