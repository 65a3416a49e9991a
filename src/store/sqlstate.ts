/*
 * What a failed statement means for us, by its SQLSTATE.
 * Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */

/** `again`: another transaction was in the way; `data`: a row cannot be stored; `unavailable`: everything else. */
export type StoreFailure = "again" | "data" | "unavailable";

const againStates = new Set(["40001", "40P01"]);
/** Data exception, integrity constraint violation, program limit exceeded (a value too large for its index). */
const dataClasses = new Set(["22", "23", "54"]);

/** The SQLSTATE of an error of `pg`, null for an error of the connection. */
export function sqlStateOf(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return null;
  return /^[0-9A-Z]{5}$/.test(error.code) ? error.code : null;
}

/** Sorts a failed statement. */
export function failureOf(error: unknown): StoreFailure {
  const state = sqlStateOf(error);
  if (state === null) return "unavailable";
  if (againStates.has(state)) return "again";
  return dataClasses.has(state.slice(0, 2)) ? "data" : "unavailable";
}
