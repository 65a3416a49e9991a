import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type MetricDefinition, metrics } from "../../src/telemetry/metric-names.ts";
import { recordOf, serve } from "../operate/fakes.ts";
import { noticesOf } from "../operate/notice-fakes.ts";
import { alertRules, installed, run } from "./promtool.ts";

const root = join(import.meta.dirname, "..", "..");
const folder = join(root, "docs", "runbooks");
const hasPromtool = installed("promtool", "prometheus");
const names = alertRules.map(({ alert }) => alert);

const pages = new Map<string, string>();
for (const name of await readdir(folder)) pages.set(name, await readFile(join(folder, name), "utf8"));

/** The fenced blocks of a language on a page, without the indent of the list they stand in. */
function blocks(page: string, language: string): readonly string[] {
  const fenced = new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^\\1\`\`\`$`, "gm");
  return [...page.matchAll(fenced)].map(([, indent = "", text = ""]) =>
    text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  );
}

/** All commands of all pages, broken lines joined. */
const commands = [...pages].flatMap(([name, text]) =>
  blocks(text, "sh").flatMap((block) =>
    block
      .replaceAll(/\\\n\s*/g, "")
      .trim()
      .split("\n")
      .map((command) => ({ name, command })),
  ),
);

test("every alert has a page, and every page an alert", () => {
  expect([...pages.keys()].toSorted()).toEqual([...names.map((name) => `${name}.md`), "README.md"].toSorted());
});

describe.each(names)("%s", (name) => {
  const text = pages.get(`${name}.md`) ?? "";

  test("has its name and the four headings in order, with something under each", () => {
    const headings = text.match(/^#+ .+$/gm);
    expect(headings).toEqual([`# ${name}`, "## Meaning", "## Impact", "## Diagnosis", "## Mitigation"]);
    for (const section of text.split(/^## \w+$/m).slice(1)) expect(section.trim().length).toBeGreaterThan(60);
  });

  test("says what to type", () => {
    expect(blocks(text, "sh").length + blocks(text, "promql").length).toBeGreaterThan(1);
  });
});

test("the index lists every alert once, as the rules have it", () => {
  const rows = (pages.get("README.md") ?? "").split("\n").filter((line) => line.startsWith("| ["));
  const expected = alertRules.map(
    ({ alert, labels, for: lasting, annotations }) =>
      `| [${alert}](${alert}.md) | ${labels.severity} | ${lasting} | ${annotations.summary} |`,
  );
  expect(rows.toSorted()).toEqual(expected.toSorted());
});

test("links lead to pages there are", async () => {
  const links = [...pages.values()].flatMap((text) =>
    [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link = ""]) => link),
  );
  expect(links.length).toBeGreaterThan(names.length);
  const missing: string[] = [];
  for (const link of new Set(links)) await readFile(join(folder, link)).catch(() => missing.push(link));
  expect(missing).toEqual([]);
});

describe("commands of faultline", () => {
  const given = commands.flatMap(({ name, command }) =>
    [...command.matchAll(/npx faultline ((?:[a-z]+ )*[a-z]+)([^|]*)/g)].map(([, words = "", rest = ""]) => ({
      name,
      words,
      options: rest.match(/--[a-z-]+/g) ?? [],
    })),
  );

  test.each(given)("$name: $words $options", ({ words, options }) => {
    const [first = "", second = ""] = words.split(" ");
    // Arguments may be words, too: `silence add` is a command, `explain` takes a number.
    const path = first === "silence" ? [first, second] : [first];
    const help = execFileSync(process.execPath, [join(root, "src", "main.ts"), ...path, "--help"], {
      encoding: "utf8",
    });
    expect(help).toContain(`Usage: faultline ${path.join(" ")}`);
    for (const option of options) expect(help).toContain(option);
  });
});

describe("requests to the private port", () => {
  const OpenApi = z.object({
    paths: z.record(
      z.string(),
      z.record(
        z.string(),
        z.looseObject({ parameters: z.array(z.looseObject({ name: z.string(), in: z.string() })).optional() }),
      ),
    ),
  });
  let paths: z.infer<typeof OpenApi>["paths"] = {};

  beforeAll(async () => {
    await using server = await serve({ reader: recordOf({}), notices: noticesOf({}) });
    const answer = await server.get("/api/v1/openapi.json");
    paths = OpenApi.parse(await answer.json()).paths;
  });

  const given = [...pages].flatMap(([name, text]) =>
    [...text.matchAll(/localhost:9464(\/[^\s'`"|]*)/g)].map(([, url = ""]) => ({ name, url })),
  );
  const described = alertRules.flatMap(({ alert, annotations }) =>
    [...annotations.description.matchAll(/(\/api\/v1\/\S+?)[.,]?(?= |$)/g)].map(([, url = ""]) => ({
      name: alert,
      url,
    })),
  );

  test("there are some", () => {
    expect(given.length).toBeGreaterThan(20);
    expect(described.length).toBeGreaterThan(10);
  });

  test.each([...given, ...described])("$name: $url", ({ url }) => {
    const { pathname, searchParams } = new URL(
      url.replaceAll(/\{\{[^}]*\}\}|INCIDENT_ID/g, "1"),
      "http://localhost:9464",
    );
    const path = Object.keys(paths).find((each) =>
      new RegExp(`^${each.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(pathname),
    );
    expect(path, "a path of the API").toBeDefined();
    const known = (paths[path ?? ""]?.get?.parameters ?? [])
      .filter((each) => each.in === "query")
      .map((each) => each.name);
    expect(known).toEqual(expect.arrayContaining([...searchParams.keys()]));
  });
});

describe("queries", () => {
  const queries = [...pages].flatMap(([name, text]) =>
    blocks(text, "promql").map((query) => ({ name, query: query.trim() })),
  );

  test("use metrics there are", () => {
    const definitions: readonly MetricDefinition[] = Object.values(metrics);
    const known = new Set(["up", "process_cpu_seconds_total"]);
    for (const { name, type } of definitions) {
      known.add(name);
      if (type === "histogram") for (const part of ["bucket", "count", "sum"]) known.add(`${name}_${part}`);
    }
    const used = queries.flatMap(
      ({ query }) => query.replaceAll(/"[^"]*"/g, "").match(/\b(?:(?:twilio|faultline|process)_\w+|up)\b/g) ?? [],
    );
    expect(used.length).toBeGreaterThanOrEqual(queries.length);
    expect([...new Set(used)].filter((name) => !known.has(name))).toEqual([]);
  });

  test.skipIf(!hasPromtool)(`are PromQL${hasPromtool ? "" : " (prometheus is not installed)"}`, async () => {
    const made = await mkdtemp(join(tmpdir(), "faultline-runbooks-"));
    try {
      const rules = queries.map(({ query }, index) => ({ record: `runbook:query:${index}`, expr: query }));
      await writeFile(join(made, "rules.yml"), JSON.stringify({ groups: [{ name: "runbooks", rules }] }));
      const { exitCode, output } = await run("promtool", ["check", "rules", join(made, "rules.yml")]);
      expect(exitCode, output).toBe(0);
    } finally {
      await rm(made, { recursive: true, force: true });
    }
  });
});
