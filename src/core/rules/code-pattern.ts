/** Codes as a rule writes them: one number, a range such as `30001-30008` (both ends in it), or a list of both. */
export type CodePattern = number | string | readonly (number | string)[];

/** A run of codes; a single code is a run of one. */
export interface CodeRange {
  readonly from: number;
  readonly to: number;
}

/** The runs of a pattern, in its order; null when an item is no code and no range. */
export function codeRanges(pattern: CodePattern): readonly CodeRange[] | null {
  const ranges: CodeRange[] = [];
  for (const item of typeof pattern === "object" ? pattern : [pattern]) {
    const range = rangeOf(item);
    if (range === null) return null;
    ranges.push(range);
  }
  return ranges;
}

function rangeOf(item: number | string): CodeRange | null {
  if (typeof item === "number") return isCode(item) ? { from: item, to: item } : null;
  const match = /^([0-9]{1,6})\s*-\s*([0-9]{1,6})$/.exec(item);
  if (match === null) return null;
  const from = Number(match[1]);
  const to = Number(match[2]);
  return isCode(from) && from <= to ? { from, to } : null;
}

function isCode(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 999_999;
}
