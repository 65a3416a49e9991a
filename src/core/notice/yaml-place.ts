import { type Document, isMap, isScalar, isSeq, LineCounter } from "yaml";
import { yamlDocument } from "../yaml-document.ts";

/** A YAML text with its value, and the line each place of it stands on. */
export interface YamlText {
  readonly value: unknown;
  /** Names the first thing wrong with the text as a whole, null when it is YAML. Never quotes the text. */
  readonly fault: { readonly line: number; readonly got: string; readonly fix: string } | null;
  /** `receivers[0].slack`, empty for the whole file. */
  readonly pathText: (path: readonly PropertyKey[]) => string;
  /** The line of a place, or of the nearest thing around it that exists, from 1. */
  readonly lineOf: (path: readonly PropertyKey[]) => number;
}

/** Reads a YAML text. */
export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  const document = yamlDocument(text, lines);
  const [error] = document.errors;
  const common = { pathText, lineOf: (path: readonly PropertyKey[]) => lines.linePos(offsetOf(document, path)).line };
  if (error !== undefined) {
    const line = lines.linePos(error.pos[0]).line;
    return { ...common, value: {}, fault: { line, got: error.code, fix: "correct the syntax of this line" } };
  }
  try {
    return { ...common, value: document.toJS({ maxAliasCount: 100 }) ?? {}, fault: null };
  } catch {
    const fix = "write the values out instead of using *aliases";
    return { ...common, value: {}, fault: { line: 1, got: "aliases that multiply or point nowhere", fix } };
  }
}

/** The value at a place of what was read; own fields only. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
      if (pair === undefined) break;
      // The key's own line: its value may begin on the next one.
      offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
      node = pair.value;
    } else if (isSeq(node) && typeof part === "number") {
      const item = node.items[part];
      if (!isMap(item) && !isSeq(item) && !isScalar(item)) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return offset;
}
