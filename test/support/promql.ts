/*
 * Reads the series selectors out of a PromQL expression. Not a parser of the language: it knows just enough of its words
 * to tell a metric from a function, a label, a keyword and a number. https://prometheus.io/docs/prometheus/latest/querying/basics/
 */

/** A label matcher, its value without quotes. */
export interface LabelMatcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

/** One series selector and what stands around it. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly LabelMatcher[];
  /** What stands in its `[…]`, null for an instant vector. */
  readonly range: string | null;
  /** Functions and aggregations around it, innermost first. */
  readonly calls: readonly string[];
}

const token =
  /\s+|#[^\n]*|(?<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)|(?<number>\d[\w.]*|\.\d+)|(?<variable>\$\{[^}]*\}|\$\w+)|(?<word>[a-zA-Z_:][\w:]*)|(?<sign>=~|!~|!=|==|<=|>=|[-+*/%^=<>(){}[\],:@])/y;

const keywords = new Set(["and", "or", "unless", "bool", "offset", "inf", "nan", "start", "end"]);
const labelLists = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"]);

/** All selectors of an expression, in their order. Throws where the text is none that this file understands. */
export function selectorsIn(expression: string): Selector[] {
  const tokens = tokensOf(expression);
  const found: Selector[] = [];
  const open: string[] = [];
  let called = "";
  let at = 0;

  function expect(sign: string): void {
    if (tokens[at]?.text !== sign)
      throw new Error(`expected ${sign}, got ${tokens[at]?.text ?? "the end"}: ${expression}`);
    at += 1;
  }
  function skipTo(sign: string): string {
    let skipped = "";
    while (at < tokens.length && tokens[at]?.text !== sign) skipped += tokens[at++]?.text;
    expect(sign);
    return skipped;
  }

  while (at < tokens.length) {
    const { kind, text } = tokens[at++] ?? { kind: "sign", text: "" };
    if (text === "(") {
      open.push(called);
      called = "";
    } else if (text === ")") {
      if (open.pop() === undefined) throw new Error(`a bracket too many: ${expression}`);
    } else if (text === "[") {
      skipTo("]"); // Of a subquery; that of a selector is read with it.
    } else if (text === "{") {
      throw new Error(`a selector without the name of a metric: ${expression}`);
    } else if (kind === "word") {
      const next = tokens[at]?.text;
      if (labelLists.has(text)) {
        if (next === "(") {
          at += 1;
          skipTo(")");
        }
      } else if (next === "(" || next === "by" || next === "without") {
        called = text;
      } else if (!keywords.has(text.toLowerCase())) {
        const matchers = next === "{" ? readMatchers() : [];
        const range = tokens[at]?.text === "[" ? readRange() : null;
        found.push({ metric: text, matchers, range, calls: open.filter((call) => call !== "").reverse() });
      }
    }
  }
  if (open.length > 0) throw new Error(`a bracket is not closed: ${expression}`);
  return found;

  function readRange(): string {
    expect("[");
    return skipTo("]");
  }

  function readMatchers(): LabelMatcher[] {
    const matchers: LabelMatcher[] = [];
    expect("{");
    while (tokens[at]?.text !== "}") {
      const [label, operator, value] = [tokens[at], tokens[at + 1], tokens[at + 2]];
      if (label?.kind !== "word" || operator?.kind !== "sign" || value?.kind !== "text") {
        throw new Error(`expected a matcher such as code="80604", got ${label?.text}${operator?.text}${value?.text}`);
      }
      matchers.push({ label: label.text, operator: operator.text, value: value.text.slice(1, -1) });
      at += 3;
      if (tokens[at]?.text === ",") at += 1;
    }
    expect("}");
    return matchers;
  }
}

interface Token {
  readonly kind: "text" | "number" | "variable" | "word" | "sign";
  readonly text: string;
}

function tokensOf(expression: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < expression.length) {
    token.lastIndex = at;
    const match = token.exec(expression);
    if (match === null) throw new Error(`not PromQL at ${expression.slice(at, at + 20)}: ${expression}`);
    at = token.lastIndex;
    for (const kind of ["text", "number", "variable", "word", "sign"] as const) {
      const text = match.groups?.[kind];
      if (text !== undefined) tokens.push({ kind, text });
    }
  }
  return tokens;
}
