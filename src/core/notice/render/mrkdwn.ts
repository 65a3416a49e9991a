/*
 * Slack's markup, written so that text of others is only ever text: it cannot mention, link, format or leave its place.
 * https://docs.slack.dev/messaging/formatting-message-text
 */
import { asTyped, cut, oneLine, webUrl } from "./clean.ts";
import { timeText } from "./wording.ts";

/** Breaks a word for Slack without showing. */
const zeroWidth = "\u200B";

/** The three characters that mean something to Slack anywhere. */
export function escapeEntities(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Prose of others on one line, at most `max` units after escaping. */
export function prose(text: string, max: number, marker = "…"): string {
  return escapedWithin(text, max, marker, (line) =>
    line
      .replace(/`+/g, (marks) => zeroWidth + apart(marks))
      // The others count only at the edge of a word, so `snake_case` and `+1****01` stay as they are.
      .replace(/(?<![\p{L}\p{N}*_~])[*_~]+/gu, (marks) => zeroWidth + apart(marks)),
  );
}

/** Text of others for a plain_text object, which knows no format but decodes entities. */
export function plain(text: string, max: number): string {
  return escapedWithin(text, max, "…", (line) => line);
}

function escapedWithin(text: string, max: number, marker: string, change: (line: string) => string): string {
  // Escaping only makes it longer, so what is beyond the limit now need not be looked at.
  const head = cut(text, max + 1, "");
  const line = change(oneLine(head).replace(/@(?=[\p{L}\p{N}_])/gu, `@${zeroWidth}`));
  const escaped = escapeEntities(line);
  // Text that shrank when it was cleaned may hide that it was cut.
  return cut(head === text ? escaped : escaped + marker, max, marker);
}

/** With a break after each character. */
function apart(marks: string): string {
  return marks.replaceAll(/./gu, `$&${zeroWidth}`);
}

/**
 * A command in a code block of at most `max` units, to be copied as it is. A part of a command is another command, so one
 * that does not fit is cut only between whole commands joined by `&&`, saying so; null when even that cannot be.
 */
export function codeBlock(command: string, max: number, rest: string): string | null {
  const room = max - 8;
  const typed = inCode(asTyped(command));
  if (typed.length <= room) return fence(typed);
  // Within quotes `&&` may be part of a word.
  if (/['"`\\\n]/.test(command)) return null;
  const parts = command.split(" && ").map((part) => inCode(asTyped(part)));
  for (let kept = parts.length - 1; kept > 0; kept -= 1) {
    const text = `${parts.slice(0, kept).join(" &amp;&amp; ")}\n# and ${parts.length - kept} more like these: ${rest}`;
    if (text.length <= room) return fence(text);
  }
  return null;
}

/** A link with a label of ours or of others; the label alone when the URL is none, or too long. */
export function link(url: string | null, label: string): string {
  const href = webUrl(url, 500);
  const text = prose(label, 150).replaceAll("|", "¦");
  return href === null ? text : `<${href.replaceAll("@", "%40").replaceAll("&", "&amp;")}|${text}>`;
}

/** A time in the reader's own time zone. https://docs.slack.dev/messaging/formatting-message-text#date-formatting */
export function when(iso: string): string {
  const ms = Date.parse(iso);
  const fallback = prose(timeText(iso), 60).replaceAll("|", "¦");
  if (Number.isNaN(ms)) return fallback;
  return `<!date^${Math.floor(ms / 1000)}^{date_short_pretty} {time}|${fallback}>`;
}

function inCode(text: string): string {
  return escapeEntities(
    text.replace(/`(?=`)/g, `\`${zeroWidth}`).replace(/@(?=(?:channel|here|everyone|group)\b)/gi, `@${zeroWidth}`),
  );
}

function fence(text: string): string {
  return `\`\`\`\n${text}\n\`\`\``;
}
