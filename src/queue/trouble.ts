import type { Log } from "../pipeline/ports.ts";

/** How often other errors may be logged, in milliseconds. */
const quietMs = 60_000;

/** Turns a stream of errors into few log lines: a dead server must neither crash the process nor flood the log. */
export interface Trouble {
  /** The server cannot be reached. Logged once until {@link Trouble.connected}. */
  readonly disconnected: (error: unknown) => void;
  readonly connected: () => void;
  /** The server may throw jobs away when its memory is full, by this policy; null when it does not. Logged when it changes. */
  readonly mayEvict: (policy: string | null) => void;
  /** Any other error of the queue. Logged once a minute, with how many were not. */
  readonly failed: (error: unknown) => void;
}

/** Builds a {@link Trouble}. `fields` say whose connection it is. */
export function createTrouble(log: Log, fields: { readonly connection: string }): Trouble {
  let down = false;
  let loggedAt = Number.NEGATIVE_INFINITY;
  let suppressed = 0;
  let eviction: string | null = null;
  return {
    disconnected(error) {
      if (down) return;
      down = true;
      log.warn({ ...fields, ...describeError(error) }, "Queue connection lost; trying again");
    },
    connected() {
      if (!down) return;
      down = false;
      log.info(fields, "Queue connection restored");
    },
    mayEvict(policy) {
      if (policy !== null && policy !== eviction) {
        log.warn(
          { ...fields, maxmemoryPolicy: policy },
          "Redis throws jobs away when its memory is full; set its maxmemory-policy to noeviction",
        );
      }
      eviction = policy;
    },
    failed(error) {
      if (performance.now() - loggedAt < quietMs) {
        suppressed += 1;
        return;
      }
      loggedAt = performance.now();
      log.error({ ...fields, ...describeError(error), suppressed }, "Queue error");
      suppressed = 0;
    },
  };
}

/**
 * An error in loggable form: code and message only. Errors of ioredis carry the command with its arguments, and for AUTH
 * that is the password.
 */
export function describeError(error: unknown): { code: string; reason: string } {
  if (!(error instanceof Error)) return { code: "unknown", reason: "not an Error" };
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  // Refused on every address of a name: Node gives an AggregateError with an empty message.
  const reason = error.message === "" ? code : error.message;
  return { code, reason: reason.slice(0, 300) };
}

/** What the producer rejects with. It carries no cause: see {@link describeError}. */
export class QueueUnavailable extends Error {
  override readonly name = "QueueUnavailable";
  readonly code: string;

  constructor(operation: string, error: unknown) {
    const { code, reason } = describeError(error);
    super(
      `queue: expected ${operation} to succeed, got ${code} (${reason}); check that the queue's server is reachable`,
    );
    this.code = code;
  }
}
