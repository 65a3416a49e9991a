/** The outcome of {@link isXml}: the name of the root element, or what is wrong. */
export type XmlVerdict = { readonly ok: true; readonly root: string } | { readonly ok: false; readonly why: string };

const name = /[A-Za-z_][\w.:-]*/y;
const attributes = /(?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*/y;
const ampersand = /&(?!(?:[A-Za-z][\w.-]{0,40}|#\d{1,7}|#x[\dA-Fa-f]{1,6});)/;

/**
 * Whether a text is well-formed XML as far as TwiML needs it: one root, tags that match, quoted attributes, known forms
 * of comments, CDATA and instructions, no bare `&`. Not a validator; one pass, linear in the text.
 */
export function isXml(text: string): XmlVerdict {
  const open: string[] = [];
  let root: string | null = null;
  let at = text.startsWith("\ufeff") ? 1 : 0;
  while (at < text.length) {
    const next = text.indexOf("<", at);
    const between = text.slice(at, next < 0 ? text.length : next);
    if (open.length === 0 && between.trim() !== "")
      return wrong(root === null ? "text before the root" : "text after the root");
    if (ampersand.test(between)) return wrong("a bare &");
    if (next < 0) break;
    const skipped = skipNonElement(text, next);
    if (skipped === "unclosed") return wrong("something is not closed");
    if (skipped !== null) {
      at = skipped;
      continue;
    }
    const tag = readTag(text, next);
    if (tag === null) return wrong("a tag that cannot be read");
    at = tag.end;
    if (tag.kind === "close") {
      if (open.pop() !== tag.name) return wrong(`</${tag.name.slice(0, 40)}> closes nothing`);
      continue;
    }
    if (open.length === 0 && root !== null) return wrong("more than one root");
    root ??= tag.name;
    if (tag.kind === "open") open.push(tag.name);
  }
  if (root === null) return wrong("there is no element");
  return open.length > 0 ? wrong(`<${(open.at(-1) ?? "").slice(0, 40)}> is not closed`) : { ok: true, root };
}

function wrong(why: string): XmlVerdict {
  return { ok: false, why };
}

/** The end of a comment, CDATA section, instruction or doctype that begins here; null when it is none of them. */
function skipNonElement(text: string, at: number): number | "unclosed" | null {
  for (const [start, end] of [
    ["<!--", "-->"],
    ["<![CDATA[", "]]>"],
    ["<?", "?>"],
    ["<!DOCTYPE", ">"],
  ] as const) {
    if (!text.startsWith(start, at)) continue;
    const found = text.indexOf(end, at + start.length);
    return found < 0 ? "unclosed" : found + end.length;
  }
  return null;
}

function readTag(text: string, at: number): { kind: "open" | "close" | "empty"; name: string; end: number } | null {
  const isClose = text.startsWith("</", at);
  name.lastIndex = at + (isClose ? 2 : 1);
  const found = name.exec(text)?.[0];
  if (found === undefined) return null;
  attributes.lastIndex = name.lastIndex;
  const end = attributes.exec(text) === null ? name.lastIndex : attributes.lastIndex;
  if (text.startsWith("/>", end)) return isClose ? null : { kind: "empty", name: found, end: end + 2 };
  return text.startsWith(">", end) ? { kind: isClose ? "close" : "open", name: found, end: end + 1 } : null;
}
