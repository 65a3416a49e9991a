import { cpus, loadavg, platform, totalmem } from "node:os";

/** What the figures were taken on. */
export function describeMachine(versions: { readonly postgres: string; readonly redis: string }, generator: string) {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    system: platform(),
    node: process.version,
    ...versions,
    generator,
    loadAverage: loadavg().map((value) => Math.round(value * 10) / 10),
  };
}
