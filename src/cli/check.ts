import { loadConfig, mistakesText } from "../config.ts";

/** Checks what a start would need, without starting. Returns the exit code: 0, 1 for something out of reach, 2 for the configuration. */
export async function check({ sendTest }: { sendTest: boolean }): Promise<number> {
  const loaded = loadConfig();
  if (!loaded.ok) {
    process.stderr.write(`${mistakesText(loaded.mistakes)}\n`);
    return 2;
  }
  const { runChecks } = await import("./check/run-checks.ts");
  const results = await runChecks(loaded.config, sendTest);
  for (const { what, ok, detail } of results) process.stdout.write(`${ok ? "ok  " : "FAIL"} ${what}: ${detail}\n`);
  return results.every(({ ok }) => ok) ? 0 : 1;
}
