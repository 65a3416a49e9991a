import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fillRemedies } from "../../src/core/diagnosis/remedy.ts";
import type { Remedy } from "../../src/core/diagnosis/verdict.ts";
import type { RemedyTemplate } from "../../src/core/rules/rule.ts";
import { type Placeholder, placeholders } from "../../src/core/rules/template.ts";
import { loadBuiltInRules } from "../../src/rule-packs.ts";
import { nasty } from "./nasty.ts";

/*
 * Every command a remedy can show, with values of people who mean no good, carried out by a real shell in which each program is
 * a stub that notes its arguments: it runs the programs of its template and nothing else, and hands on the value as it is.
 */

const templates = loadBuiltInRules().flatMap(({ remedies = [] }) => remedies);
const rightSids: Partial<Record<Placeholder, string>> = Object.fromEntries(
  Object.entries(placeholders).map(([name, pattern]) => {
    const prefix = /[A-Z]{2}/.exec(pattern.source)?.[0] ?? "";
    return [name, prefix + "a".repeat(32)];
  }),
);
const programs = ["curl", "twilio"];
const unseen = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;
const folder = mkdtempSync(join(tmpdir(), "faultline-shell-"));
const bin = mkdtempSync(join(tmpdir(), "faultline-shell-bin-"));

beforeAll(() => {
  for (const program of [...programs, "touch", "id", "rm"]) {
    const stub = join(bin, program);
    writeFileSync(
      stub,
      `#!/bin/sh\nprintf '\\001%s' ${program}\nfor each in "$@"; do printf '\\002%s' "$each"; done\n`,
    );
    chmodSync(stub, 0o755);
  }
});

afterAll(() => {
  for (const each of [folder, bin]) rmSync(each, { recursive: true, force: true });
});

/** The commands a shell makes of it: program and arguments. */
function run(command: string, env: Readonly<Record<string, string>> = {}): string[][] {
  const output = execFileSync("/bin/sh", ["-c", command], {
    encoding: "utf8",
    cwd: folder,
    env: { PATH: bin, ...env },
  });
  return output
    .split("\u0001")
    .slice(1)
    .map((words) => words.split("\u0002"));
}

function variablesOf({ command = "", curl = "" }: RemedyTemplate): string[] {
  const names = `${command}\n${curl}`.matchAll(/\$([A-Z][A-Z_]*)/g);
  return [...new Set([...names].map(([, name = ""]) => name))].filter((name) => !name.startsWith("TWILIO_"));
}

function filled(template: RemedyTemplate, values: Readonly<Record<string, string>>): Remedy | undefined {
  return fillRemedies([template], [], { targets: [rightSids], values: { [template.id]: values }, answers: {} })[0];
}

describe("a command that is shown", () => {
  test("there are some with values to fill in", () => {
    expect(templates.filter((template) => variablesOf(template).length > 0).length).toBeGreaterThan(10);
  });

  test.each(nasty.map((value) => [JSON.stringify(value), value]))("runs nothing else for the value %s", (_, value) => {
    for (const template of templates) {
      const names = variablesOf(template);
      if (names.length === 0) continue;
      const remedy = filled(template, Object.fromEntries(names.map((name) => [name, value])));
      for (const [command, before] of [
        [remedy?.command, template.command],
        [remedy?.curl, template.curl],
      ]) {
        if (command === undefined || before === undefined) continue;
        const isShown = !unseen.test(value);
        // What cannot be seen is left for a person to set, as a variable; the shell is given it in the environment.
        const ran = run(command, isShown ? {} : Object.fromEntries(names.map((name) => [name, value])));
        const plain = run(before.replaceAll(/\{\w+\}/g, "x"), Object.fromEntries(names.map((name) => [name, "VALUE"])));
        const what = `${template.id}: ${command}`;
        expect(
          ran.map(([program]) => program),
          what,
        ).toEqual(plain.map(([program]) => program));
        expect(
          ran.map((words) => words.length),
          what,
        ).toEqual(plain.map((words) => words.length));
        for (const [index, words] of plain.entries()) {
          for (const [at, word] of words.entries()) {
            if (word.includes("VALUE")) expect(ran[index]?.[at], what).toBe(word.replaceAll("VALUE", () => value));
          }
        }
        if (!isShown) expect(command, what).not.toMatch(unseen);
      }
    }
    expect(readdirSync(folder), "files a command made").toEqual([]);
  });

  test("is left out when a resource has a name that is no SID of its kind", () => {
    const withSids = templates.filter(({ command = "", curl = "" }) => /\{\w+\}/.test(command + curl));
    expect(withSids.length).toBeGreaterThan(10);
    for (const value of [...nasty, `KC${"a".repeat(32)}; touch pwned`, `KC${"a".repeat(31)}\n`, ""]) {
      const targets = [Object.fromEntries(Object.keys(placeholders).map((name) => [name, value]))];
      for (const remedy of fillRemedies(withSids, [], { targets, answers: {} })) {
        const shown = `${remedy.command ?? ""}${remedy.curl ?? ""}`;
        expect(value === "" ? "" : shown.includes(value) ? shown : "", remedy.id).toBe("");
      }
    }
  });

  test("is the same for a shell as it stands in the pack, where nothing is filled in", () => {
    for (const { command, curl } of templates) {
      for (const each of [command, curl]) {
        if (each === undefined) continue;
        const ran = run(each.replaceAll(/\{\w+\}/g, "x"));
        expect(
          ran.every(([program = ""]) => programs.includes(program)),
          each,
        ).toBe(true);
        expect(ran.length, each).toBeGreaterThan(0);
      }
    }
  });
});
