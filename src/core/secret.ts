/**
 * A value that must never be seen: it prints `[secret]` in strings, JSON, logs and inspection, and gives its value only
 * to {@link Secret.reveal}. Every place that sees the value is found by looking for callers of that method.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Hand it to the call that needs it, and nowhere else. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  /** What `util.inspect` and `console.log` print. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}
