/*
 * What one account may be asked: so many requests at once, so many a second. Twilio limits both per account and answers
 * 429 above (https://www.twilio.com/docs/api/errors/20429), and its users' own applications share that limit with us.
 */

/** Limits, and the time they go by. */
export interface BudgetOptions {
  readonly concurrency: number;
  /** Requests a second, also the largest burst after a rest. */
  readonly perSecond: number;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  /** Runs something after some milliseconds. */
  readonly after: (milliseconds: number, run: () => void) => void;
}

/** Runs calls within the limits, first come first served. */
export interface Budget {
  run<T>(call: () => Promise<T>): Promise<T>;
}

/** Builds a {@link Budget}: a token bucket in front of a gate. */
export function createBudget(options: BudgetOptions): Budget {
  const capacity = Math.max(1, options.perSecond);
  const waiting: (() => void)[] = [];
  let tokens = capacity;
  let refilledAt = options.now();
  let running = 0;
  let alarmSet = false;

  function refill(): void {
    const now = options.now();
    tokens = Math.min(capacity, tokens + ((now - refilledAt) / 1000) * options.perSecond);
    refilledAt = now;
  }

  function admit(): void {
    refill();
    while (waiting.length > 0 && running < options.concurrency && tokens >= 1) {
      tokens -= 1;
      running += 1;
      waiting.shift()?.();
    }
    // A call that ends admits the next by itself; only a missing token needs the clock.
    if (waiting.length === 0 || running >= options.concurrency || alarmSet) return;
    alarmSet = true;
    const untilNextToken = Math.ceil(((1 - tokens) / options.perSecond) * 1000);
    options.after(Math.max(1, untilNextToken), () => {
      alarmSet = false;
      admit();
    });
  }

  return {
    async run(call) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        admit();
      });
      try {
        return await call();
      } finally {
        running -= 1;
        admit();
      }
    },
  };
}
