/*
 * What others wrote, made fit to be shown: no control characters (a terminal obeys them), no marks that turn the direction
 * of the text around (they make a line read as another), no broken characters, and never more than fits.
 */

const unseen = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu;
const unseenButBreaks = /(?![\n\t])[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** The text on one line, without what cannot be seen. */
export function oneLine(text: string): string {
  return text.toWellFormed().replace(unseen, " ").replace(/ {2,}/g, " ").trim();
}

/** The same for commands, which keep their line breaks and their spaces. */
export function asTyped(text: string): string {
  return text.toWellFormed().replaceAll("\r\n", "\n").replace(unseenButBreaks, "").trim();
}

/** Length of `&amp;`. */
const longestUnit = 5;

/** At most `max` UTF-16 units, the marker included, cut between code points (and never inside an `&entity;`). */
export function cut(text: string, max: number, marker = "…"): string {
  if (text.length <= max) return text;
  const room = max - marker.length;
  if (room <= 0) return marker.slice(0, Math.max(0, max));
  let length = 0;
  // As many units as may fit are looked at, so a huge text costs no more than a short one.
  for (const [unit] of text
    .slice(0, max + longestUnit)
    .matchAll(/&(?:amp|lt|gt);|[\uD800-\uDBFF][\uDC00-\uDFFF]|[\s\S]/g)) {
    if (length + unit.length > room) break;
    length += unit.length;
  }
  return text.slice(0, length).trimEnd() + marker;
}

/** An http or https URL as a browser would write it; null when it is none, holds credentials or is longer than `max`. */
export function webUrl(text: string | null, max = 3_000): string | null {
  if (text === null || text.length > max) return null;
  const url = URL.parse(text.toWellFormed());
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) return null;
  if (url.username !== "" || url.password !== "") return null;
  const href = url.href.replaceAll("|", "%7C").replaceAll("<", "%3C").replaceAll(">", "%3E").replaceAll('"', "%22");
  return href.length > max ? null : href;
}

/** As many of the items as fit into `max` units, joined; what is left out is said by `more`. */
export function joinWithin(
  items: readonly string[],
  join: string,
  max: number,
  more: (left: number) => string,
): string {
  const whole = items.join(join);
  if (whole.length <= max) return whole;
  let text = "";
  for (const [index, item] of items.entries()) {
    const next = text === "" ? item : text + join + item;
    if ((next + join + more(items.length - index - 1)).length > max)
      return text === "" ? more(items.length) : text + join + more(items.length - index);
    text = next;
  }
  return text;
}
