#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from "commander";
import { version } from "./version.ts";

/*
 * The command line: which command, then run it. Each command is loaded only when it is asked for, so that `explain`
 * does not wait for a database driver.
 */
const program = new Command("faultline")
  .description(
    "Observability for Twilio's error stream: which documented cause applies, what is in the way, what to type.",
  )
  .version(version)
  .showHelpAfterError();

program
  .command("serve")
  .description("receive, record and diagnose Twilio's errors")
  .addOption(
    new Option("--role <role>", "which part of the work to do")
      .choices(["all", "ingest", "worker"] as const)
      .default("all"),
  )
  .action(async ({ role }: { role: "all" | "ingest" | "worker" }) => {
    const { serve } = await import("./cli/serve.ts");
    process.exitCode = await serve(role);
  });

program
  .command("demo")
  .description("try everything: signed requests, incidents, causes, on a temporary folder with a simulated Twilio")
  .option("--stay", "keep running and print the URLs")
  .action(async ({ stay }: { stay?: boolean }) => {
    const { demo } = await import("./cli/demo.ts");
    process.exitCode = await demo({ stay: stay === true });
  });

program
  .command("explain")
  .description("print what is known about an error code: meaning, causes, remedies")
  .argument("<code>", "Twilio's error number, e.g. 80604", parseCode)
  .option("--json", "for programs")
  .action(async (code: number, { json }: { json?: boolean }) => {
    const { runExplain } = await import("./cli/run-explain.ts");
    process.exitCode = runExplain(code, json === true);
  });

program
  .command("check")
  .description("check the configuration, the database, the queue and Twilio's credentials")
  .action(async () => {
    const { check } = await import("./cli/check.ts");
    process.exitCode = await check();
  });

await program.parseAsync();

function parseCode(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new InvalidArgumentError(`expected a number such as 80604, got ${JSON.stringify(text)}`);
  return Number(text);
}
