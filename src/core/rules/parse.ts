import { type Document, isMap, isScalar, isSeq, LineCounter, type Node } from "yaml";
import { z } from "zod";
import { yamlDocument } from "../yaml-document.ts";
import { fieldHelp, pathText } from "./fields.ts";
import { quote, type RuleMistake } from "./mistake.ts";
import { Cause, Match, RemedyTemplate, Rule, Tells } from "./rule.ts";

/** A rule file, read: the rules that are right, and everything that is wrong with the others. */
export interface RulePack {
  readonly file: string;
  readonly rules: readonly Rule[];
  /** Line of each rule, from 1. */
  readonly lines: readonly number[];
  readonly mistakes: readonly RuleMistake[];
}

type Path = readonly PropertyKey[];

/** A pack: its rules and the product of those that name none. */
const Pack = z.strictObject({ product: z.string().min(1).max(80).exactOptional(), rules: z.array(z.unknown()) });
/** Of a configuration file only the rules are read here. */
const Section = z.object({ rules: z.array(z.unknown()).nullish() });

/** Reads a built-in pack: `product` and `rules`, nothing else. */
export function parseRulePack(text: string, file: string): RulePack {
  const source = new Source(text, file);
  const pack = source.check(Pack, source.value, []);
  return readRules(source, pack?.rules ?? [], pack?.product);
}

/** Reads the `rules` of a configuration file such as faultline.yaml and leaves its other keys alone. No rules is fine. */
export function parseUserRules(text: string, file: string): RulePack {
  const source = new Source(text, file);
  const section = source.check(Section, source.value ?? {}, []);
  return readRules(source, section?.rules ?? [], undefined);
}

/** All mistakes of the packs and of their combination: an id may be used once over all of them. */
export function checkRulePacks(packs: readonly RulePack[]): readonly RuleMistake[] {
  const mistakes = packs.flatMap((pack) => pack.mistakes);
  const places = new Map<string, string>();
  for (const { file, rules, lines } of packs) {
    for (const [index, { id }] of rules.entries()) {
      const line = lines[index] ?? 1;
      const earlier = places.get(id);
      if (earlier === undefined) places.set(id, `${file}:${line}`);
      else {
        const got = `${quote(id)}, which stands in ${earlier} already`;
        mistakes.push({ file, line, field: "id", expected: "an id of its own", got, fix: "rename one of the two" });
      }
    }
  }
  return mistakes;
}

function readRules(source: Source, items: readonly unknown[], product: string | undefined): RulePack {
  const rules: Rule[] = [];
  const lines: number[] = [];
  for (const [index, item] of items.entries()) {
    const rule = source.check(Rule, item, ["rules", index]);
    if (rule === undefined) continue;
    rules.push(product === undefined || rule.product !== undefined ? rule : { ...rule, product });
    lines.push(source.lineOf(["rules", index]));
  }
  return { file: source.file, rules, lines, mistakes: source.mistakes };
}

/** A YAML text with its values and the lines they stand on, collecting mistakes. */
class Source {
  readonly file: string;
  readonly value: unknown;
  readonly mistakes: RuleMistake[] = [];
  readonly #document: Document;
  readonly #lines = new LineCounter();

  constructor(text: string, file: string) {
    this.file = file;
    this.#document = yamlDocument(text, this.#lines);
    for (const error of this.#document.errors) {
      const line = this.#lines.linePos(error.pos[0]).line;
      this.#note(line, "(file)", {
        expected: "valid YAML",
        // It may quote any part of the file.
        got: error.message.length > 200 ? `${error.message.slice(0, 199)}…` : error.message,
        fix: "correct the syntax of this line",
      });
    }
    this.value = this.#plain();
  }

  /** The value if the schema takes it; else undefined, and its mistakes are noted. */
  check<S extends z.ZodType>(schema: S, value: unknown, at: Path): z.infer<S> | undefined {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    // What follows from broken syntax is not worth a second complaint.
    if (this.#document.errors.length === 0) for (const issue of result.error.issues) this.#issue(issue, at);
    return undefined;
  }

  /** The line of a field, or of the nearest thing around it that exists. */
  lineOf(path: Path): number {
    let node: unknown = this.#document.contents;
    let offset = 0;
    for (const part of path) {
      const next = childOf(node, part);
      if (next === null) break;
      offset = next.offset ?? offset;
      node = next.node;
    }
    return this.#lines.linePos(offset).line;
  }

  #issue(issue: z.core.$ZodIssue, at: Path): void {
    const path = [...at, ...issue.path];
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) this.#unknownKey([...path, key]);
      return;
    }
    const { expected, fix } = fieldHelp(path);
    const got = quote(this.#document.getIn(path) === undefined ? undefined : plainOf(this.#document.getIn(path)));
    this.#note(this.lineOf(path), pathText(path), {
      expected,
      got,
      fix: issue.code === "custom" ? customFix(issue, fix) : fix,
    });
  }

  #unknownKey(path: Path): void {
    const around = path.slice(0, -1);
    const keys = around.length === 0 ? Object.keys(Pack.shape) : keysOf(around);
    const got = `the unknown key ${quote(path.at(-1))}`;
    this.#note(this.lineOf(path), pathText(path), {
      expected: `only ${keys.join(", ")}`,
      got,
      fix: "correct or remove it",
    });
  }

  #note(line: number, field: string, rest: Pick<RuleMistake, "expected" | "got" | "fix">): void {
    this.mistakes.push({ file: this.file, line, field, ...rest });
  }

  #plain(): unknown {
    if (this.#document.errors.length > 0) return undefined;
    try {
      return this.#document.toJS({ maxAliasCount: 100 });
    } catch {
      const got = "aliases that multiply or point nowhere";
      this.#note(1, "(file)", { expected: "plain YAML", got, fix: "write the values out instead of using *aliases" });
      return { rules: [] };
    }
  }
}

/** A custom check says how to mend what it found; the generic message of zod says nothing. */
function customFix(issue: z.core.$ZodIssue, fallback: string): string {
  return issue.message === "Invalid input" ? fallback : issue.message;
}

function keysOf(path: Path): readonly string[] {
  const last = path.findLast((part) => typeof part === "string");
  if (last === "match") return Object.keys(Match.shape);
  if (last === "tells") return Object.keys(Tells.shape);
  if (last === "causes") return Object.keys(Cause.shape);
  if (last === "remedies") return Object.keys(RemedyTemplate.shape);
  return Object.keys(Rule.shape);
}

function plainOf(value: unknown): unknown {
  return isMap(value) || isSeq(value) || isScalar(value) ? value.toJSON() : value;
}

function childOf(node: unknown, part: PropertyKey): { node: unknown; offset: number | null } | null {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
    return pair === undefined ? null : { node: pair.value, offset: offsetOf(pair.key) };
  }
  if (isSeq(node) && typeof part === "number") {
    const item = node.items[part];
    return item === undefined ? null : { node: item, offset: offsetOf(item) };
  }
  return null;
}

function offsetOf(node: unknown): number | null {
  return (node as Node | null)?.range?.[0] ?? null;
}
