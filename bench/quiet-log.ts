import type { Log } from "../src/pipeline/ports.ts";

/** A log that says nothing but errors. */
export const quietLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (fields, sentence) => console.error(sentence, fields),
};
