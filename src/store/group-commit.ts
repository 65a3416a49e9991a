import { StoreUnavailable } from "../pipeline/ports.ts";

/*
 * Group commit: what has gathered while the last statement ran goes into the next. No timer: with little to do a
 * statement carries one call, under load it carries many. When a whole further statement waits, two are under way at a time: one
 * is put together while the database works on the other. Sooner than that, two halves would cost it more than one whole.
 */

/** What became of one call's items. */
export type Settled<R> = { readonly ok: true; readonly value: R } | { readonly ok: false; readonly error: unknown };

/** Where calls gather. */
export interface GroupCommit<T, R> {
  /**
   * Adds one call's items; they are committed together.
   * @throws StoreUnavailable `overloaded` when too many items wait, `database_unavailable` past the deadline
   */
  submit(items: readonly T[]): Promise<R>;
}

interface Call<T, R> {
  readonly items: readonly T[];
  settle(result: Settled<R>): void;
  settled: boolean;
}

/** How it works. */
export interface GroupCommitOptions<T, R> {
  /** A statement takes whole calls until it has this many items. */
  readonly maxBatch: number;
  /** More items than this are not held in memory. */
  readonly maxWaiting: number;
  /** A call that has no result after this long is given up, in milliseconds. It may still be committed. */
  readonly deadlineMs: number;
  /** Commits the calls, one result each; never rejects. */
  commit(calls: readonly (readonly T[])[]): Promise<readonly Settled<R>[]>;
}

/** Makes one. */
export function createGroupCommit<T, R>(options: GroupCommitOptions<T, R>): GroupCommit<T, R> {
  const queue: Call<T, R>[] = [];
  /** Items that have no result, and those of them that wait in the queue. */
  let waiting = 0;
  let queued = 0;
  let underWay = 0;
  let scheduled = false;

  function take(): Call<T, R>[] {
    const calls: Call<T, R>[] = [];
    let size = 0;
    for (let call = queue[0]; call !== undefined && (size === 0 || size + call.items.length <= options.maxBatch); ) {
      queue.shift();
      queued -= call.items.length;
      if (!call.settled) {
        calls.push(call);
        size += call.items.length;
      }
      call = queue[0];
    }
    return calls;
  }

  /** Whether what waits is for one more statement beside so many others. */
  function isDue(others: number): boolean {
    if (others === 0) return queue.length > 0;
    return others === 1 && queued >= options.maxBatch;
  }

  function start(): void {
    scheduled = false;
    while (isDue(underWay)) void run();
  }

  async function run(): Promise<void> {
    underWay += 1;
    while (isDue(underWay - 1)) {
      const calls = take();
      if (calls.length === 0) continue;
      const results = await options.commit(calls.map((call) => call.items));
      for (const [index, call] of calls.entries()) {
        call.settle(results[index] ?? { ok: false, error: new StoreUnavailable("database_unavailable") });
      }
    }
    underWay -= 1;
  }

  return {
    submit(items) {
      if (waiting > 0 && waiting + items.length > options.maxWaiting) {
        return Promise.reject(new StoreUnavailable("overloaded"));
      }
      waiting += items.length;
      return new Promise<R>((resolve, reject) => {
        const call: Call<T, R> = {
          items,
          settled: false,
          settle(result) {
            if (call.settled) return;
            call.settled = true;
            clearTimeout(deadline);
            waiting -= items.length;
            if (result.ok) resolve(result.value);
            else reject(result.error);
          },
        };
        const deadline = setTimeout(
          () => call.settle({ ok: false, error: new StoreUnavailable("database_unavailable") }),
          options.deadlineMs,
        );
        queue.push(call);
        queued += items.length;
        // After all whose requests are being read at this very moment have added theirs: at the end of this round of the event
        // loop. A microtask would come after the first of them.
        if (scheduled) return;
        scheduled = true;
        setImmediate(start);
      });
    },
  };
}
