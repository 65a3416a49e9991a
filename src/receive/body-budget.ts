/** The bytes one body holds in memory, from its first until its delivery is answered. */
export interface HeldBytes {
  /** Asks for so many bytes more. False when it has to be given up: there is no room, and it is the largest of all. */
  take(bytes: number): boolean;
  /** The body is here whole: from now on it is not given up for others. */
  complete(): void;
  /** Gives everything back. */
  release(): void;
}

/** How much of all bodies together is held in memory. */
export interface BodyBudget {
  /** `onPushedOut` is called when the body has to be given up for others; its bytes are given back then. */
  open(onPushedOut: () => void): HeldBytes;
}

/** A body that is not here whole. */
interface Growing {
  bytes: number;
  pushOut: (() => void) | null;
}

/**
 * A budget of `limit` bytes. When it is used up, the largest body that is not here whole has to go. A stranger who wants to
 * fill the memory sends large bodies and keeps them from ending, so it is his that go; deliveries are small and come at once.
 */
export function createBodyBudget(limit: number): BodyBudget {
  // What is done with lets go of its request: a table that the map has outgrown lives on for a while (connections.ts).
  const growing = new Map<HeldBytes, Growing>();
  let used = 0;

  function largest(): HeldBytes | null {
    let found: HeldBytes | null = null;
    let most = 0;
    for (const [held, { bytes }] of growing) {
      if (bytes <= most) continue;
      found = held;
      most = bytes;
    }
    return found;
  }

  return {
    open(onPushedOut) {
      const own: Growing = { bytes: 0, pushOut: onPushedOut };
      const held: HeldBytes = {
        take(bytes) {
          own.bytes += bytes;
          used += bytes;
          while (used > limit) {
            const victim = largest() ?? held;
            const pushOut = growing.get(victim)?.pushOut;
            victim.release();
            if (victim === held) return false;
            pushOut?.();
          }
          return true;
        },
        complete() {
          own.pushOut = null;
          growing.delete(held);
        },
        release() {
          held.complete();
          used -= own.bytes;
          own.bytes = 0;
        },
      };
      growing.set(held, own);
      return held;
    },
  };
}
