/*
 * Which regular expressions rules may use. Matching runs on the path of every event against text a stranger may have
 * written, and JavaScript's engine backtracks: so a pattern must be one whose worst case we can bound. Counted are the ways in
 * which the engine may match a pattern from one starting point, and the characters it may look at while it tries them all:
 * what follows is looked at once for every way of what stands before it. Branches add, a repetition of single characters has
 * as many ways as lengths, and repeating a group that itself has a choice is refused.
 */

/** Matching looks at this many characters of a message at most. */
export const matchedLength = 1_000;

/** The longest pattern accepted, in characters. */
export const longestPattern = 200;

/** Characters looked at per starting point. `.*` and ten characters after it are 11,000; two of them are a million. */
const budget = 20_000;

/** What a piece of a pattern may cost from one starting point. */
interface Cost {
  /** In how many ways it may match. */
  readonly ways: number;
  /** How many characters are looked at to try them all. */
  readonly looks: number;
}

const nothing: Cost = { ways: 1, looks: 0 };
const character: Cost = { ways: 1, looks: 1 };

/** Thrown inside this file only, to leave the descent. */
class Fault extends Error {}

/** Why a pattern is refused, as the fix to make; null when it is safe to run. */
export function patternFault(source: string): string | null {
  if (source === "") return "write a pattern, or leave the field out";
  if (source.length > longestPattern) return `shorten it to ${longestPattern} characters`;
  try {
    // Some are only found to be too large when they are run.
    new RegExp(source).test("");
  } catch {
    return "make it a valid JavaScript regular expression";
  }
  try {
    const reader = new Reader(source);
    if (reader.alternatives().looks > budget)
      return "use at most one unbounded repetition, shorter repetitions, and fewer choices; several patterns may be listed";
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

  alternatives(): Cost {
    let cost = this.#sequence();
    while (this.#take("|")) {
      const { ways, looks } = this.#sequence();
      cost = { ways: cost.ways + ways, looks: cost.looks + looks };
    }
    return cost;
  }

  #sequence(): Cost {
    let cost = nothing;
    while (this.#at < this.#source.length && !this.#sees("|") && !this.#sees(")")) {
      const { ways, looks } = this.#repeated(this.#atom());
      cost = { ways: cost.ways * ways, looks: cost.looks + cost.ways * looks };
    }
    return cost;
  }

  #atom(): Cost {
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
    return character;
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

  #repeated(atom: Cost): Cost {
    const quantifier = this.#quantifier();
    if (quantifier === null) return atom;
    const { least, most } = quantifier;
    const looks = Math.min(matchedLength, most * Math.max(1, atom.looks));
    // At least two ways, so that a repetition of it is refused.
    if (atom.ways === 1) return { ways: Math.max(2, most - least + 1), looks };
    if (least === 0 && most === 1) return { ways: atom.ways + 1, looks: atom.looks };
    throw new Fault("do not repeat a group that has a choice or a repetition in it");
  }

  /** The quantifier here, if any. */
  #quantifier(): { least: number; most: number } | null {
    const match = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(this.#source.slice(this.#at));
    if (match === null) return null;
    this.#at += match[0].length;
    const [, sign, least, comma, most] = match;
    if (sign === "?") return { least: 0, most: 1 };
    if (sign !== undefined) return { least: sign === "+" ? 1 : 0, most: matchedLength };
    if (Number(least) > matchedLength) throw new Fault(`repeat at most ${matchedLength} times`);
    const unbounded = comma !== "" && most === "";
    return {
      least: Number(least),
      most: unbounded ? matchedLength : Math.min(Number(comma === "" ? least : most), matchedLength),
    };
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
