/*
 * The id of an incident outside the database: `inc_` and the row's number in base 36. Opaque to everybody else.
 */

/** The outside form of a row number. */
export function incidentIdOf(row: string | number): string {
  return `inc_${Number(row).toString(36)}`;
}

/** The row number of an id, null when it is none of ours. */
export function incidentRowOf(id: string): number | null {
  if (!/^inc_[0-9a-z]{1,10}$/.test(id)) return null;
  return Number.parseInt(id.slice("inc_".length), 36);
}
