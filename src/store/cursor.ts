/*
 * Cursors: where the last page ended, by value (not by count), so that pages neither overlap nor skip while rows arrive.
 */

/** A place in a list ordered by time of arrival and row number. */
export interface ArrivalPlace {
  readonly ms: number;
  readonly id: number;
}

/** The cursor for a place. */
export function arrivalCursor(at: Date, id: string | number): string {
  return Buffer.from(`a.${at.getTime()}.${id}`).toString("base64url");
}

/** The place of a cursor; null for no cursor. */
export function readArrivalCursor(cursor: string | undefined): ArrivalPlace | null | "invalid_cursor" {
  if (cursor === undefined) return null;
  const found = /^a\.(-?\d{1,14})\.(\d{1,15})$/.exec(Buffer.from(cursor, "base64url").toString("latin1"));
  return found === null ? "invalid_cursor" : { ms: Number(found[1]), id: Number(found[2]) };
}

/** The cursor for a row in a list ordered by row number. */
export function rowCursor(id: string | number): string {
  return Buffer.from(`r.${id}`).toString("base64url");
}

/** The row number of a cursor; null for no cursor. */
export function readRowCursor(cursor: string | undefined): number | null | "invalid_cursor" {
  if (cursor === undefined) return null;
  const found = /^r\.(\d{1,15})$/.exec(Buffer.from(cursor, "base64url").toString("latin1"));
  return found === null ? "invalid_cursor" : Number(found[1]);
}
