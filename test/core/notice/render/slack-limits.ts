/*
 * What Slack takes, written from its documentation and not from our renderer: the blocks we may send with their limits.
 * https://docs.slack.dev/reference/block-kit/blocks
 */
import { z } from "zod";

const text = (max: number) => z.string().min(1).max(max);
const PlainText = (max: number) =>
  z.strictObject({ type: z.literal("plain_text"), text: text(max), emoji: z.boolean() });
const Mrkdwn = (max: number) =>
  z.strictObject({ type: z.literal("mrkdwn"), text: text(max), verbatim: z.boolean().optional() });
const Url = z
  .string()
  .max(3000)
  .refine((url) => /^https?:$/.test(URL.parse(url)?.protocol ?? ""));

const Button = z.strictObject({
  type: z.literal("button"),
  text: PlainText(75),
  url: Url,
  action_id: text(255),
});

/** Action ids are unique within their block. */
const Actions = z
  .strictObject({ type: z.literal("actions"), elements: z.array(Button).min(1).max(25) })
  .refine(({ elements }) => new Set(elements.map((each) => each.action_id)).size === elements.length);

/** A message, within every documented limit of each block. */
export const SlackLimits = z.strictObject({
  text: text(40_000),
  blocks: z
    .array(
      z.discriminatedUnion("type", [
        z.strictObject({ type: z.literal("header"), text: PlainText(150) }),
        z.strictObject({ type: z.literal("section"), text: Mrkdwn(3000) }),
        z.strictObject({ type: z.literal("context"), elements: z.array(Mrkdwn(3000)).min(1).max(10) }),
        Actions,
      ]),
    )
    .min(1)
    .max(50),
});

/** Every text of a message that Slack shows, the fallback first. */
export function textsOf(message: z.infer<typeof SlackLimits>): string[] {
  const shown = message.blocks.flatMap((block) => {
    if (block.type === "actions") return block.elements.map((each) => each.text.text);
    if (block.type === "context") return block.elements.map((each) => each.text);
    return [block.text.text];
  });
  return [message.text, ...shown];
}

/** Those in which Slack knows formats: all but headers and buttons. */
export function formattedTextsOf(message: z.infer<typeof SlackLimits>): string[] {
  const blocks = message.blocks.filter(({ type }) => type === "section" || type === "context");
  return textsOf({ text: message.text, blocks });
}

/** What in a text of ours could still do something: mention, link, or end in a broken character. Empty when nothing can. */
export function dangersIn(shown: string): string[] {
  const withoutOurs = shown
    .replaceAll(/<!date\^\d{1,11}\^\{date_short_pretty\} \{time\}\|[^<>|]{1,100}>/g, "")
    .replaceAll(/<https?:\/\/[^<>|\s]+\|[^<>|]+>/g, "");
  const found = [
    /[<>]/.test(withoutOurs) ? "a bare angle bracket" : "",
    /&(?!(?:amp|lt|gt);)/.test(shown) ? "a bare or cut ampersand" : "",
    /@(?:channel|here|everyone|group)\b/i.test(shown) ? "a mention of everybody" : "",
    shown.isWellFormed() ? "" : "half a character",
    /(?!\n)[\p{Cc}\p{Bidi_Control}]/u.test(shown.replaceAll("\t", "")) ? "a control character" : "",
  ];
  return found.filter((each) => each !== "");
}

/** Whether a code block is left open, or more than one is there. */
export function hasStrayFence(shown: string): boolean {
  const fences = shown.split("```").length - 1;
  return fences !== 0 && fences !== 2;
}
