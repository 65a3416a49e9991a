/** How long a check may take before it counts as failed, in milliseconds. */
const checkMs = 2_000;

/** Ready when every check passes within two seconds, and never while stopping: a load balancer looks here. */
export function readinessOf(checks: Record<string, () => Promise<void>>, stopping: () => boolean) {
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
    const process = stopping() ? "stopping" : "ok";
    const all = Object.fromEntries([...results, ["process", process] as const]);
    return { ready: Object.values(all).every((result) => result === "ok"), checks: all };
  };
}
