/** One request as it came in. */
export interface Call {
  readonly method: string;
  /** `/proxy.twilio.com/v1/Services/KS…`, without the query. */
  readonly path: string;
  readonly query: string;
  /** The account it authenticated as, null when refused. */
  readonly account: string | null;
  /** The status answered, 0 when the connection was cut or left hanging. */
  readonly status: number;
  /** Milliseconds since the server started. */
  readonly atMs: number;
}

/** What was asked of the server, for tests that bound it. */
export interface Calls {
  readonly all: readonly Call[];
  /** The highest number of requests in progress at the same time. */
  readonly mostAtOnce: number;
  /** How many requests, of all or of those whose path contains the text. */
  count(pathPart?: string): number;
  reset(): void;
}

/** Calls, and the side of the server that writes them. */
export interface CallRecorder extends Calls {
  begin(): (call: Omit<Call, "atMs">) => void;
}

export function createCalls(): CallRecorder {
  const startedAt = performance.now();
  let all: Call[] = [];
  let inProgress = 0;
  let mostAtOnce = 0;
  return {
    get all() {
      return all;
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
    count: (pathPart = "") => all.filter((call) => call.path.includes(pathPart)).length,
    reset() {
      all = [];
      mostAtOnce = inProgress;
    },
    begin() {
      inProgress += 1;
      mostAtOnce = Math.max(mostAtOnce, inProgress);
      const atMs = performance.now() - startedAt;
      return (call) => {
        inProgress -= 1;
        all.push({ ...call, atMs });
      };
    },
  };
}
