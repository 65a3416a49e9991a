/*
 * Which regular expressions rules may use. Matching runs on the path of every event against text a stranger may have
 * written, and JavaScript's engine backtracks: so a pattern must be one whose worst case we can bound. The cost of a
 * pattern is counted as the number of ways the engine may try it from one starting point: sequences multiply, branches
 * add, a repetition of single characters counts its width, and repeating a group that itself has a choice is refused.
 */

/** Matching looks at this many characters of a message at most. */
export const matchedLength = 1_000;

/** The longest pattern accepted, in characters. */
export const longestPattern = 200;

/** Ways per starting point. One `.*` costs 1,000, leaving room for a few small choices; two do not fit. */
const budget = 5_000;

/** Thrown inside this file only, to leave the descent. */
class Fault extends Error {}

/** Why a pattern is refused, as the fix to make; null when it is safe to run. */
export function patternFault(source: string): string | null {
  if (source === "") return "write a pattern, or leave the field out";
  if (source.length > longestPattern) return `shorten it to ${longestPattern} characters`;
  try {
    new RegExp(source);
  } catch {
    return "make it a valid JavaScript regular expression";
  }
  try {
    const reader = new Reader(source);
    const cost = reader.alternatives();
    if (cost > budget) return "use at most one unbounded repetition, and fewer choices; several patterns may be listed";
    return null;
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
}

/** Descends a pattern that is known to be valid syntax. Its depth is bounded by {@link longestPattern}. */
class Reader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  alternatives(): number {
    let cost = this.#sequence();
    while (this.#take("|")) cost += this.#sequence();
    return cost;
  }

  #sequence(): number {
    let cost = 1;
    while (this.#at < this.#source.length && !this.#sees("|") && !this.#sees(")")) cost *= this.#repeated(this.#atom());
    return cost;
  }

  #atom(): number {
    if (this.#take("(")) {
      if (this.#sees("?") && !this.#sees("?:")) throw new Fault("remove lookarounds and named groups");
      this.#take("?:");
      const cost = this.alternatives();
      this.#take(")");
      return cost;
    }
    if (this.#take("[")) this.#characterClass();
    else if (this.#take("\\")) this.#escape();
    else this.#at += 1;
    return 1;
  }

  #characterClass(): void {
    while (!this.#take("]")) {
      if (this.#take("\\")) this.#escape();
      else this.#at += 1;
    }
  }

  #escape(): void {
    const char = this.#source.charAt(this.#at);
    if (/[0-9k]/.test(char)) throw new Fault("remove backreferences");
    if (/[a-zA-Z]/.test(char) && !/[dDwWsSbBnrt]/.test(char)) {
      throw new Fault("use no escapes but \\d \\w \\s \\b \\n \\r \\t, their opposites and escaped punctuation");
    }
    this.#at += 1;
  }

  #repeated(atomCost: number): number {
    const quantifier = this.#quantifier();
    if (quantifier === null) return atomCost;
    if (atomCost === 1) return quantifier.width;
    if (quantifier.optional) return atomCost + 1;
    throw new Fault("do not repeat a group that has a choice or a repetition in it");
  }

  /** The quantifier here, if any: its width is how many lengths it allows, at least two, so that it counts as a choice. */
  #quantifier(): { optional: boolean; width: number } | null {
    const match = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(this.#source.slice(this.#at));
    if (match === null) return null;
    this.#at += match[0].length;
    const [, sign, least, comma, most] = match;
    if (sign !== undefined)
      return sign === "?" ? { optional: true, width: 2 } : { optional: false, width: matchedLength };
    if (Number(least) > matchedLength) throw new Fault(`repeat at most ${matchedLength} times`);
    const longest = comma === "" ? Number(least) : most === "" ? matchedLength : Math.min(Number(most), matchedLength);
    return { optional: false, width: Math.max(2, longest - Number(least) + 1) };
  }

  #sees(text: string): boolean {
    return this.#source.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    if (!this.#sees(text)) return false;
    this.#at += text.length;
    return true;
  }
}
