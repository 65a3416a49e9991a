/** How long a check may take before it counts as failed, in milliseconds: less than all of them together are given. */
const checkMs = 1_500;

/** Where a process is in its life. While draining it still takes deliveries, but wants no new connections. */
export type Phase = "starting" | "ok" | "draining" | "stopping";

/**
 * Ready when every check that is needed passes in time, never before all is started nor while stopping: a load
 * balancer looks here. The others are only told.
 */
export function readinessOf(
  checks: Record<string, () => Promise<void>>,
  needed: readonly string[],
  phase: () => Phase,
) {
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
    const all = new Map<string, string>([...results, ["process", phase()]]);
    const ready = [...needed, "process"].every((name) => all.get(name) === "ok");
    return { ready, checks: Object.fromEntries(all) };
  };
}
