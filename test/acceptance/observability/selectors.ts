/*
 * The series an expression reads, taken out of its text: PromQL has no API for it before Prometheus 3.
 */

const keywords = new Set(["and", "or", "unless", "bool", "offset", "inf", "nan", "start", "end", "atan2"]);

/** After these comes a list of labels, not of series. */
const beforeLabels = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"]);

/** Before these stand functions and aggregations. */
const notAfterSeries = new Set(["(", "by", "without"]);

const tokens = new RegExp(
  [
    String.raw`(?<string>"(?:[^"\\]|\\.)*")`,
    String.raw`(?<range>\[[^\]]*\])`,
    String.raw`(?<name>[a-zA-Z_:][\w:]*)`,
    String.raw`(?<number>\d[\w.]*)`,
    String.raw`(?<other>\S)`,
  ].join("|"),
  "g",
);

/** Every selector of an expression, `name{matchers}`, each once. Ranges and offsets are left out. */
export function selectorsIn(expr: string): string[] {
  const all = [...expr.matchAll(tokens)].map(({ 0: text, groups }) => ({ text, isName: groups?.name !== undefined }));
  const found = new Set<string>();
  for (let at = 0; at < all.length; at += 1) {
    const token = all[at];
    if (token?.isName !== true) continue;
    const next = all[at + 1]?.text;
    if (beforeLabels.has(token.text)) {
      if (next === "(") at = closing(all, at + 1, ")");
    } else if (next === "{") {
      const end = closing(all, at + 1, "}");
      found.add(all.slice(at, end + 1).reduce((text, each) => text + each.text, ""));
      at = end;
    } else if (!notAfterSeries.has(next ?? "") && !keywords.has(token.text)) found.add(token.text);
  }
  return [...found];
}

function closing(all: readonly { readonly text: string }[], from: number, bracket: string): number {
  const at = all.findIndex(({ text }, index) => index > from && text === bracket);
  if (at === -1)
    throw new Error(
      `expected ${bracket} after ${all
        .slice(from)
        .map(({ text }) => text)
        .join(" ")}`,
    );
  return at;
}
