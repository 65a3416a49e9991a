/** What goes wrong on purpose. Only what is named goes wrong. */
export interface Fault {
  /** Part of `/<host>/<path>?<query>`, or a pattern for it. */
  readonly path: string | RegExp;
  readonly method?: string;
  /** How many requests it hits; absent: all of them until removed. */
  readonly times?: number;
  /** Answers this status with Twilio's error body (429 → 20429, 404 → 20404, …). */
  readonly status?: number;
  /** The code in that error body, when it is not the usual one. */
  readonly code?: number;
  /** Sent as `Retry-After`, in seconds. */
  readonly retryAfter?: number;
  /** Waits before anything else, in milliseconds. */
  readonly latencyMs?: number;
  /** Never answers; the connection stays open until the server stops. */
  readonly hang?: boolean;
  /** Cuts the connection after the first bytes of the body. */
  readonly cut?: boolean;
  /** Answers 200 with a body that is not JSON. */
  readonly malformed?: boolean;
}

/** The faults of a server, to be added and removed while it runs. */
export interface Faults {
  /** Adds a fault; the returned function removes it. */
  add(fault: Fault): () => void;
  clear(): void;
  /** Whether one of them never answers. */
  hang(): boolean;
  /** The first fault that fits, its count used up by one. */
  take(method: string, target: string): Fault | null;
}

export function createFaults(): Faults {
  let active: { fault: Fault; left: number }[] = [];
  return {
    add(fault) {
      const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
      active.push(entry);
      return () => {
        active = active.filter((other) => other !== entry);
      };
    },
    clear() {
      active = [];
    },
    hang: () => active.some(({ fault }) => fault.hang === true),
    take(method, target) {
      const entry = active.find(({ fault, left }) => left > 0 && fits(fault, method, target));
      if (entry === undefined) return null;
      entry.left -= 1;
      return entry.fault;
    },
  };
}

function fits(fault: Fault, method: string, target: string): boolean {
  if (fault.method !== undefined && fault.method !== method) return false;
  return typeof fault.path === "string" ? target.includes(fault.path) : new RegExp(fault.path).test(target);
}
