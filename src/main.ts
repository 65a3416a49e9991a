#!/usr/bin/env -S node --initial-old-space-size=192
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { guardLastWords } from "./cli/last-words.ts";
import { printable } from "./cli/printable.ts";
import { version } from "./version.ts";

/*
 * The command line: which command, then run it. Each command is loaded only when it is asked for, so that `explain`
 * does not wait for a database driver.
 */
guardLastWords();
// Compiled code is kept for the next start, which takes two thirds of the time then. Beside the code, where whoever may write could
// change the code as well; where nobody may, as in the image, nothing is kept.
enableCompileCache(join(import.meta.dirname, "../node_modules/.cache/faultline"));
const program = new Command("faultline")
  .description(
    "Observability for Twilio's error stream: which documented cause applies, what is in the way, what to type.",
  )
  .version(version)
  .showHelpAfterError()
  // An error repeats what was typed, which may have been copied from anywhere.
  .configureOutput({ outputError: (text, write) => write(`${printable(text).trimEnd()}\n`) });

const adminUrl = [
  "--url <url>",
  "address of its private port, by ADMIN_HOST and ADMIN_PORT unless said otherwise",
] as const;

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
  .description("check the configuration, the database, the queue, Twilio's credentials and the receivers")
  .option("--send-test", "send every receiver a notice that is marked as a test")
  .action(async ({ sendTest }: { sendTest?: boolean }) => {
    const { check } = await import("./cli/check.ts");
    process.exitCode = await check({ sendTest: sendTest === true });
  });

program
  .command("requeue")
  .description("have the running process try again what was given up: diagnoses that could not read Twilio, notices")
  .option("--limit <n>", "at most so many, 10000 unless said otherwise", parseLimit)
  .option(...adminUrl)
  .action(async (options: { limit?: number; url?: string }) => {
    const { runRequeue } = await import("./cli/requeue.ts");
    process.exitCode = await runRequeue(options);
  });

const silence = program.command("silence").description("keep quiet about incidents for a time");

silence
  .command("add")
  .description("tell nobody of the incidents that match")
  .argument("<matcher...>", 'what must all hold, as in Alertmanager: code=80604, severity=~"error|critical"')
  .requiredOption("--for <period>", "for how long, such as 30m, 2h or 1d")
  .requiredOption("--comment <text>", "why, for those who wonder")
  .option("--by <name>", "who may be asked about it, the user who is logged in unless said otherwise")
  .option(...adminUrl)
  .action(async (matchers: string[], options: { for: string; comment: string; by?: string; url?: string }) => {
    const { runAddSilence } = await import("./cli/silence.ts");
    process.exitCode = await runAddSilence(matchers, options);
  });

silence
  .command("list")
  .description("print the silences in force or to come")
  .option("--all", "those that have ended, too")
  .option(...adminUrl)
  .action(async (options: { all?: boolean; url?: string }) => {
    const { runListSilences } = await import("./cli/silence.ts");
    process.exitCode = await runListSilences(options);
  });

silence
  .command("expire")
  .description("end a silence now")
  .argument("<id>", "its id, as `silence list` prints it")
  .option(...adminUrl)
  .action(async (id: string, options: { url?: string }) => {
    const { runExpireSilence } = await import("./cli/silence.ts");
    process.exitCode = await runExpireSilence(id, options);
  });

program
  .command("route")
  .description("print which receivers are told of an incident, and why")
  .argument("<incident or labels...>", "the id of an incident, or labels such as severity=error code=80604")
  .option(...adminUrl)
  .action(async (words: string[], options: { url?: string }) => {
    const { runRoute } = await import("./cli/route.ts");
    process.exitCode = await runRoute(words, options);
  });

program
  .command("replay")
  .description("send recorded deliveries to the running process, signed as Twilio would")
  .argument("<file...>", "the form body of a Debugger webhook, or the JSON of an Event Streams delivery")
  .option("--url <url>", "address of the public port, http://127.0.0.1:PORT unless said otherwise")
  .action(async (files: string[], options: { url?: string }) => {
    const { runReplay } = await import("./cli/replay.ts");
    process.exitCode = await runReplay(files, options);
  });

await program.parseAsync();

function parseLimit(text: string): number {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > 10_000)
    throw new InvalidArgumentError(`expected a number from 1 to 10000, got ${JSON.stringify(text)}`);
  return limit;
}

function parseCode(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new InvalidArgumentError(`expected a number such as 80604, got ${JSON.stringify(text)}`);
  return Number(text);
}
