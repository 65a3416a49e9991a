import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Violation, violationsIn } from "./support/architecture.ts";

const root = join(import.meta.dirname, "..");
const files = globSync("src/**/*.{ts,json,yaml}", { cwd: root }).map((file) => file.replaceAll("\\", "/"));

function lines(violations: readonly Violation[]): string[] {
  return violations.map(({ file, line, what }) => `${file}:${line} ${what}`);
}

/** What is wrong with a file of this text. */
function faults(file: string, source: string): string[] {
  return violationsIn(file, source).map(({ what }) => what);
}

it("every file of src keeps the house rules", () => {
  expect(files.length).toBeGreaterThan(50);
  const violations = files.flatMap((file) =>
    violationsIn(file, file.endsWith(".ts") ? readFileSync(join(root, file), "utf8") : ""),
  );
  expect(lines(violations)).toEqual([]);
});

it("every folder that exists has files in it that were looked at", () => {
  const areas = new Set(files.map((file) => file.split("/")[1]));
  for (const area of ["core", "pipeline", "receive", "operate", "store", "queue", "twilio", "telemetry", "cli"]) {
    expect([...areas]).toContain(area);
  }
});

describe("an import", () => {
  const forbidden: [file: string, source: string][] = [
    ["src/core/event.ts", 'import { a } from "../pipeline/ports.ts";'],
    ["src/core/event.ts", 'import type { A } from "../config.ts";'],
    ["src/core/event.ts", 'import { readFile } from "node:fs";'],
    ["src/core/wire/form.ts", 'import pino from "pino";'],
    ["src/core/wire/form.ts", 'export { a } from "../../store/rows.ts";'],
    ["src/pipeline/ingest.ts", 'import { a } from "../store/database.ts";'],
    ["src/pipeline/ingest.ts", 'import express from "express";'],
    ["src/pipeline/ports.ts", 'import type { Pool } from "pg";'],
    ["src/receive/app.ts", 'import { a } from "../operate/server.ts";'],
    ["src/operate/server.ts", 'import {\n  a,\n  type B,\n} from "../receive/listen.ts";'],
    ["src/store/embedded/start.ts", 'import * as metrics from "../../telemetry/metrics.ts";'],
    ["src/store/database.ts", 'const url = new URL("../queue/worker.ts", import.meta.url);'],
    ["src/queue/worker.ts", 'import { a } from "../store/database.ts";'],
    ["src/twilio/reader.ts", 'const a = await import("../store/database.ts");'],
    ["src/notify/slack.ts", 'import "../twilio/reader.ts";'],
    ["src/telemetry/metrics.ts", 'import { a } from "../app.ts";'],
    ["src/telemetry/metric-names.ts", 'import { Counter } from "prom-client";'],
    ["src/telemetry/metric-names.ts", 'import { a } from "./labels.ts";'],
    ["src/store/database.ts", 'import { a } from "../config.ts";'],
    ["src/config/settings.ts", 'import { a } from "../telemetry/log.ts";'],
    ["src/app.ts", 'import { serve } from "./cli/serve.ts";'],
    ["src/cli/serve.ts", 'import { a } from "../main.ts";'],
    ["src/main.ts", 'import { a } from "./app.ts";'],
    ["src/store/database.ts", 'import { a } from "../../test/support/postgres.ts";'],
    ["src/cli/serve.ts", 'import { a } from "../../test/support/sign.ts";'],
    ["src/novelty/thing.ts", 'import { a } from "../core/event.ts";'],
  ];
  it.each(forbidden)("of %s is caught: %s", (file, source) => {
    expect(faults(file, `/* first */\n${source}\nexport const b = 1;\n`)).toHaveLength(1);
    expect(violationsIn(file, `/* first */\n${source}\n`)[0]?.line).toBe(2);
  });

  const allowed: [file: string, source: string][] = [
    [
      "src/core/event.ts",
      'import { createHash } from "node:crypto";\nimport { z } from "zod";\nimport { a } from "./json.ts";',
    ],
    ["src/pipeline/ingest.ts", 'import { a } from "../core/event.ts";'],
    ["src/receive/app.ts", 'import { a } from "../pipeline/ports.ts";\nimport express from "express";'],
    ["src/store/embedded/start.ts", 'const url = new URL("./worker.ts", import.meta.url);'],
    ["src/telemetry/metric-names.ts", 'import { a } from "../core/outcome.ts";'],
    ["src/app.ts", 'import { a } from "./store/database.ts";'],
    [
      "src/cli/check/run-checks.ts",
      'import { a } from "../../store/database.ts";\nimport { b } from "../../queue/producer.ts";',
    ],
    ["src/cli/demo/sender.ts", 'import { a } from "../../../test/support/sign.ts";'],
    ["src/main.ts", 'const { serve } = await import("./cli/serve.ts");'],
    ["src/core/event.ts", '// import { a } from "../store/database.ts";\n/* import "pg"; */'],
  ];
  it.each(allowed)("of %s is let through: %s", (file, source) => {
    expect(faults(file, `${source}\nexport const b = 1;\n`)).toEqual([]);
  });
});

describe("a file's text", () => {
  const forbidden: [file: string, source: string, word: string][] = [
    ["src/store/database.ts", "const url = process.env.DATABASE_URL;", "process.env"],
    ["src/cli/serve.ts", 'const url = process["env"];', "process.env"],
    ["src/cli/serve.ts", "const { env } = process;", "process.env"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder belongs to the source that is looked at
    ["src/cli/serve.ts", "const text = `home: ${process.env.HOME}`;", "process.env"],
    ["src/store/database.ts", "const now = Date.now();", "time of day"],
    ["src/store/database.ts", "const now = new Date();", "time of day"],
    ["src/store/database.ts", "const now = new Date ( );", "time of day"],
    ["src/store/database.ts", "const now = new Date;", "time of day"],
    ["src/store/database.ts", "const now = Date();", "time of day"],
    ["src/store/database.ts", "const read = Date.now;", "time of day"],
    ["src/config.ts", "export default {};", "default export"],
    ["src/config.ts", "const a = 1; export { a as default };", "default export"],
    ["src/core/event.ts", 'export * from "./json.ts"; export const a = 1;', "re-exports"],
    ["src/core/event.ts", "setTimeout(() => undefined, 1);", "not pure"],
    ["src/core/event.ts", "const pid = process.pid;", "not pure"],
    ["src/core/event.ts", 'const a = await fetch("https://example.com");', "not pure"],
    ["src/core/event.ts", 'export { a } from "./json.ts";\nexport type { B } from "./event.ts";\n', "barrel"],
    ["src/core/event.ts", 'import { a } from "./json.ts";\nexport { a };\n', "barrel"],
  ];
  it.each(forbidden)("of %s is caught: %s", (file, source, word) => {
    expect(faults(file, source)).toEqual([expect.stringContaining(word)]);
  });

  const allowed: [file: string, source: string][] = [
    ["src/config.ts", "const env = process.env;"],
    ["src/app.ts", "const clock = { now: () => new Date() };"],
    ["src/store/rows.ts", "const at = new Date(row.at);"],
    ["src/store/rows.ts", "const at = new Date(Date.parse(text));"],
    ["src/store/rows.ts", "const started = performance.now();\nfunction f(at: Date) {}"],
    ["src/store/rows.ts", "// Date.now() is not for us, nor process.env\nconst a = 1;"],
    ["src/store/rows.ts", 'const text = "new Date() and process.env.HOME";'],
    ["src/store/rows.ts", "const pattern = /\"/; const other = /'/; const at = new Date(1);"],
    ["src/store/rows.ts", 'export type { A } from "./a.ts";\nexport const b = 1;'],
    ["src/queue/patience.ts", "setTimeout(() => undefined, 1); process.exitCode = 1;"],
    ["src/core/json.ts", "/** Like fetch(…) and process.env. */\nexport const a = { process: 1 };"],
  ];
  it.each(allowed)("of %s is let through: %s", (file, source) => {
    expect(faults(file, source)).toEqual([]);
  });
});

describe("a file's name", () => {
  it.each([
    "src/core/utils.ts",
    "src/store/helpers.ts",
    "src/pipeline/types.ts",
    "src/queue/common/redis.ts",
    "src/lib/a.ts",
    "src/core/index.ts",
    "src/core/eventStore.ts",
    "src/core/Event.ts",
    "src/core/event_store.ts",
  ])("%s is caught", (file) => {
    expect(faults(file, "export const a = 1;")).toEqual([expect.stringContaining("is named")]);
  });

  it.each([
    "src/core/event.ts",
    "src/store/migrations/0001-record-schema.ts",
    "src/core/rules/packs/http-retrieval.yaml",
  ])("%s is let through", (file) => {
    expect(faults(file, "")).toEqual([]);
  });
});
