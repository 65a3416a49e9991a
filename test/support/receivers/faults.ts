/** What a receiver does wrong on purpose. Only what is named goes wrong. */
export interface ReceiverFault {
  /** Part of the path; absent: every request. */
  readonly path?: string;
  /** How many requests it hits; absent: all of them until removed. */
  readonly times?: number;
  readonly status?: number;
  /** Of the answer with that status; an object is sent as JSON. */
  readonly body?: string | object;
  /** Sent as Retry-After: seconds or an HTTP date. */
  readonly retryAfter?: number | string;
  /** Sent as Location, with status 307 unless another is named. */
  readonly redirectTo?: string;
  /** Waits before anything else, in milliseconds. */
  readonly delayMs?: number;
  /** Never answers; the connection stays open until the server stops. */
  readonly hang?: boolean;
  /** Cuts the connection before the answer, or within its body. */
  readonly cut?: "before" | "within";
  /** The body of the answer never ends. */
  readonly endless?: boolean;
  /** Does what was asked before it goes wrong, as a server that fails half-way. */
  readonly applied?: boolean;
}

/** The faults of a receiver, to be added and removed while it runs. */
export interface ReceiverFaults {
  /** Adds a fault; the returned function removes it. */
  add(fault: ReceiverFault): () => void;
  clear(): void;
  /** The first fault that fits, its count used up by one. */
  take(path: string): ReceiverFault | null;
}

export function createReceiverFaults(): ReceiverFaults {
  let active: { fault: ReceiverFault; left: number }[] = [];
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
    take(path) {
      const entry = active.find(({ fault, left }) => left > 0 && path.includes(fault.path ?? ""));
      if (entry === undefined) return null;
      entry.left -= 1;
      return entry.fault;
    },
  };
}
