import { type Document, isCollection, isPair, type LineCounter, parseDocument, YAMLParseError } from "yaml";

/** So deep may a text be nested. What we read is nested five deep; ten thousand would be too much for the stack. */
const maxDepth = 100;

/** Parses YAML. A text that is nested too deep is empty with an error, as one with broken syntax has errors. */
export function yamlDocument(text: string, lineCounter: LineCounter): Document {
  const parse = (source: string): Document =>
    parseDocument(source, { lineCounter, prettyErrors: false, logLevel: "error" });
  try {
    const document = parse(text);
    if (!isTooDeep(document.contents)) return document;
  } catch (error) {
    // The parser calls itself for every level.
    if (!(error instanceof RangeError)) throw error;
  }
  const empty = parse("");
  empty.errors.push(new YAMLParseError([0, 0], "RESOURCE_EXHAUSTION", `nested more than ${maxDepth} deep`));
  return empty;
}

function isTooDeep(contents: unknown): boolean {
  let level: unknown[] = [contents];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxDepth) return true;
    level = level.flatMap((node) =>
      isCollection(node) ? node.items.flatMap((item) => (isPair(item) ? [item.key, item.value] : [item])) : [],
    );
  }
  return false;
}
