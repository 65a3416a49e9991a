import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillRemedies } from "../../../src/core/diagnosis/remedy.ts";
import { shellQuote } from "../../../src/core/diagnosis/shell-quote.ts";
import type { RemedyTemplate } from "../../../src/core/rules/rule.ts";
import { sid } from "./facts-at-hand.ts";

function shell(script: string): string {
  return execFileSync("sh", ["-c", script], { encoding: "utf8" });
}

describe("shellQuote", () => {
  it("gives a shell exactly the text it was given, whatever is in it", () => {
    const nasty = fc.string({
      unit: fc.constantFrom("'", '"', "$", "`", "\\", "\n", ";", "&", "|", "(", "~", "*", "!", " ", "é", "a"),
      maxLength: 20,
    });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(nasty, fc.string({ unit: "grapheme", maxLength: 20 })), { minLength: 1, maxLength: 20 }),
        (texts) => {
          // A text between two bars each, so that empty ones and line ends show.
          const given = texts.map((text) => text.replaceAll("\0", ""));
          const script = `printf '|%s|' ${given.map(shellQuote).join(" ")}`;
          expect(shell(script)).toBe(given.map((text) => `|${text}|`).join(""));
        },
      ),
      { numRuns: 150 },
    );
  });

  it("drops NUL, which no shell can pass on", () => {
    expect(shellQuote("a\0b")).toBe("'ab'");
  });
});

const templates: RemedyTemplate[] = [
  { id: "delete", text: "Delete it.", command: "del {service} {conversation}", interrupts: "Everybody." },
  {
    id: "look",
    text: "Look first.",
    command: 'look {service} --name "$WHO"',
    curl: 'curl "https://example.com/{service}" -d "Name=$WHO&x"',
  },
  { id: "think", text: "Think." },
  { id: "other", text: "Do something else.", command: "other {event}" },
];
const target = { service: sid("IS", 1), conversation: sid("CH", 1) };

function fill(
  filling: Partial<Parameters<typeof fillRemedies>[2]> = {},
  causes: Parameters<typeof fillRemedies>[1] = [],
) {
  return fillRemedies(templates, causes, { targets: [target], answers: { old: ["delete"] }, ...filling });
}

describe("fillRemedies", () => {
  it("puts what interrupts nobody first and keeps the order of the page otherwise", () => {
    expect(fill().map(({ id }) => id)).toEqual(["look", "think", "other", "delete"]);
  });

  it.each([
    ["confirmed", "delete"],
    ["likely", "delete"],
    ["unknown", "look"],
    ["ruled-out", "look"],
  ] as const)("puts the remedies of a %s cause where they belong", (verdict, first) => {
    expect(fill({}, [{ id: "old", verdict, evidence: [] }])[0]?.id).toBe(first);
  });

  it("says what a command interrupts", () => {
    expect(fill().find(({ id }) => id === "delete")?.text).toBe("Delete it. Interrupts: Everybody.");
  });

  it("leaves a command out that lacks a SID, and keeps the remedy", () => {
    expect(fill().find(({ id }) => id === "other")).toEqual({ id: "other", text: "Do something else." });
    expect(fill({ targets: [] }).find(({ id }) => id === "delete")).not.toHaveProperty("command");
  });

  it("leaves a command out whose SID is none", () => {
    const hostile = fill({ targets: [{ ...target, conversation: "CH'; rm -rf /" }] });
    expect(hostile.find(({ id }) => id === "delete")).not.toHaveProperty("command");
  });

  it("repeats a command for every resource in the way, and only then", () => {
    const both = fill({ targets: [target, { ...target, conversation: sid("CH", 2) }] });
    expect(both.find(({ id }) => id === "delete")?.command).toBe(
      `del ${sid("IS", 1)} ${sid("CH", 1)} && del ${sid("IS", 1)} ${sid("CH", 2)}`,
    );
    expect(both.find(({ id }) => id === "look")?.command).not.toContain("&&");
  });

  it("leaves variables for a person to set, and fills those it knows so that no value breaks out", () => {
    expect(fill().find(({ id }) => id === "look")?.command).toBe(`look ${sid("IS", 1)} --name "$WHO"`);
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom("'", '"', "$", "`", "\\", ";", " ", "x", "$&", "$'"),
          minLength: 1,
          maxLength: 12,
        }),
        (who) => {
          const look = fill({ values: { look: { WHO: who } } }).find(({ id }) => id === "look");
          expect(shell(`look() { printf '%s' "$3"; }; ${look?.command}`)).toBe(who);
          expect(shell(`curl() { printf '%s' "$3"; }; ${look?.curl}`)).toBe(`Name=${who}&x`);
        },
      ),
      { numRuns: 100 },
    );
  });
});
