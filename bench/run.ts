/*
 * `npm run bench`: everything side by side in one go, in turns; prints tables with ratios and keeps a JSON of them. Only
 * ratios within one run mean something, since the machine does other things too. `--help` says more.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Bench, Findings, Scenario } from "./bench.ts";
import { startProcess } from "./contenders/process.ts";
import { startServers } from "./contenders/servers.ts";
import { generatorHere } from "./load/load.ts";
import { type Options, readOptions, type ScenarioName, usage } from "./options.ts";
import { describeMachine } from "./report/machine.ts";
import { tableText } from "./report/table.ts";
import { targetTable } from "./report/targets.ts";
import { classify } from "./scenarios/classify.ts";
import { flood } from "./scenarios/flood.ts";
import { growth } from "./scenarios/growth.ts";
import { jobs } from "./scenarios/jobs.ts";
import { requests } from "./scenarios/requests.ts";
import { start } from "./scenarios/start.ts";
import { storm } from "./scenarios/storm.ts";
import { streams } from "./scenarios/streams.ts";

const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  requests,
  streams,
  storm,
  growth,
  start,
  jobs,
  classify,
  flood,
};

const options = readOptions(process.argv.slice(2));
if (options === "help") console.log(usage);
else process.exitCode = await run(options);

async function run(options: Options): Promise<number> {
  const began = performance.now();
  const generator = generatorHere();
  const say = (sentence: string) =>
    console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${sentence}`);
  if (generator === "node")
    say("wrk is not installed (apt-get install wrk): a generator of our own sends, at more cost");

  const folder = mkdtempSync(join(tmpdir(), "faultline-bench-"));
  const servers = await startServers();
  const sink = await startProcess([new URL("contenders/sink.ts", import.meta.url).pathname], {}, ({ port }) =>
    typeof port === "number" ? port : null,
  );
  const bench: Bench = {
    options,
    servers,
    sinkUrl: `http://127.0.0.1:${sink.announced}`,
    folder,
    generator,
    say,
  };
  const found: Findings[] = [];
  const interrupted = () => {
    // The others end when this one does; the servers need to be told.
    void servers.stop().finally(() => {
      rmSync(folder, { recursive: true, force: true });
      process.exit(130);
    });
  };
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    for (const name of options.only) {
      say(`— ${name}`);
      const findings = await scenarios[name](bench);
      found.push(findings);
      for (const table of findings.tables) console.log(tableText(table));
    }
  } finally {
    await sink.stop();
    await servers.stop();
    rmSync(folder, { recursive: true, force: true });
  }

  const figures = Object.assign({}, ...found.map((each) => each.figures));
  const targets = targetTable(figures);
  const problems = found.flatMap((each) => each.problems);
  console.log(tableText(targets));
  for (const problem of problems) console.log(`PROBLEM: ${problem}`);
  if (options.out !== null) {
    const seconds = Math.round((performance.now() - began) / 1000);
    const machine = describeMachine(servers.versions, generator);
    const { quick, rounds, seconds: secondsEach } = options;
    const run = { quick, rounds, secondsEach, tookSeconds: seconds, machine };
    const tables = [...found.flatMap((each) => each.tables), targets];
    mkdirSync(dirname(options.out), { recursive: true });
    writeFileSync(options.out, `${JSON.stringify({ run, figures, problems, tables }, null, 2)}\n`);
  }
  say(problems.length === 0 ? "done" : `done, with ${problems.length} problems`);
  return problems.length === 0 ? 0 : 1;
}
