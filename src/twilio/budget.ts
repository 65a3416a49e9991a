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

/**
 * Runs calls within the limits. Askers take turns, one call each; the calls of one asker go first come first served. So a
 * diagnosis that wants 25 calls, or a storm of them, does not hold up the first call of another.
 */
export interface Budget {
  /** `asker` is anything that stays the same object over the calls of one diagnosis; without one all share a turn. */
  run<T>(call: () => Promise<T>, asker?: object): Promise<T>;
}

/** Builds a {@link Budget}: a token bucket in front of a gate. */
export function createBudget(options: BudgetOptions): Budget {
  const capacity = Math.max(1, options.perSecond);
  const turns = createTurns();
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
    while (turns.size() > 0 && running < options.concurrency && tokens >= 1) {
      tokens -= 1;
      running += 1;
      turns.next()?.();
    }
    // A call that ends admits the next by itself; only a missing token needs the clock.
    if (turns.size() === 0 || running >= options.concurrency || alarmSet) return;
    alarmSet = true;
    const untilNextToken = Math.ceil(((1 - tokens) / options.perSecond) * 1000);
    options.after(Math.max(1, untilNextToken), () => {
      alarmSet = false;
      admit();
    });
  }

  return {
    async run(call, asker = nobody) {
      await new Promise<void>((resolve) => {
        turns.add(asker, resolve);
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

/** Who asks when nobody says. */
const nobody = {};

/** What waits, by asker, in the order of their turns: a Map keeps the order in which its keys were set. */
function createTurns() {
  const byAsker = new Map<object, (() => void)[]>();
  let size = 0;
  return {
    size: () => size,
    add(asker: object, start: () => void): void {
      const queue = byAsker.get(asker);
      if (queue === undefined) byAsker.set(asker, [start]);
      else queue.push(start);
      size += 1;
    },
    next(): (() => void) | undefined {
      const [turn] = byAsker;
      if (turn === undefined) return undefined;
      const [asker, queue] = turn;
      const start = queue.shift();
      byAsker.delete(asker);
      if (queue.length > 0) byAsker.set(asker, queue);
      size -= 1;
      return start;
    },
  };
}
