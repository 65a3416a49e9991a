/** How long a check may take before it counts as failed, in milliseconds. */
const checkMs = 2_000;

/** Where a process is in its life. While draining it still takes deliveries, but wants no new connections. */
export type Phase = "starting" | "ok" | "draining" | "stopping";

/** Ready when every check passes within two seconds, never before all is started nor while stopping: a load balancer looks here. */
export function readinessOf(checks: Record<string, () => Promise<void>>, phase: () => Phase) {
  return async () => {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        const late = new Promise<string>((resolve) =>
          setTimeout(resolve, checkMs, `no answer within ${checkMs / 1000} s`).unref(),
        );
        const result = await Promise.race([
          check().then(
            () => "ok",
            () => "unreachable",
          ),
          late,
        ]);
        return [name, result] as const;
      }),
    );
    const all = Object.fromEntries([...results, ["process", phase()] as const]);
    return { ready: Object.values(all).every((result) => result === "ok"), checks: all };
  };
}
