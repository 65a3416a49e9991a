/** One mistake in a rule file, with everything needed to find and mend it. */
export interface RuleMistake {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Path of the field, e.g. `rules[2].match.code`; `rules[2].sevrity` for a key that does not exist. */
  readonly field: string;
  readonly expected: string;
  readonly got: string;
  readonly fix: string;
}

/** The mistake as one line for a terminal or a log. */
export function mistakeText(mistake: RuleMistake): string {
  const { file, line, field, expected, got, fix } = mistake;
  return `${file}:${line} ${field}: expected ${expected}, got ${got}. Fix: ${fix}.`;
}

/** All mistakes, one a line, under one heading. */
export function mistakesText(mistakes: readonly RuleMistake[]): string {
  const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
  return [`${count} in the rules:`, ...mistakes.map((mistake) => `  ${mistakeText(mistake)}`)].join("\n");
}

/** A value as a mistake quotes it: JSON, cut to 80 characters. */
export function quote(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
