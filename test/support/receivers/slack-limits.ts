/*
 * What Slack refuses in a message. The limits of blocks: https://docs.slack.dev/reference/block-kit/blocks and the types in
 * slackapi/node-slack-sdk, packages/types/src/block-kit. The limit on all texts together is documented nowhere:
 * slackapi/bolt-js#2867 saw 9,597 characters taken and 11,341 refused.
 */

/** The most text in all blocks that is known to be taken, in characters. */
export const maxBlocksText = 9_597;

/** Why a message is refused: Slack's word, and where it is wrong, with JSON pointers as Slack gives them. */
export interface SlackRefusal {
  readonly error: "invalid_blocks" | "msg_blocks_too_long" | "msg_too_long" | "no_text";
  readonly messages: readonly string[];
}

type Fields = Record<string, unknown>;

/** What Slack would say against a message, null when it takes it. */
export function slackRefusal(message: Fields): SlackRefusal | null {
  const { text, blocks } = message;
  if (text !== undefined && typeof text !== "string") return { error: "no_text", messages: [] };
  if (blocks === undefined && (text ?? "") === "") return { error: "no_text", messages: [] };
  if ((text ?? "").length > 40_000) return { error: "msg_too_long", messages: [] };
  if (blocks === undefined) return null;
  if (!Array.isArray(blocks))
    return { error: "invalid_blocks", messages: ["[ERROR] must be an array [json-pointer:/blocks]"] };
  const messages = blocksFaults(blocks);
  if (messages.length > 0) return { error: "invalid_blocks", messages };
  return textIn(blocks) > maxBlocksText ? { error: "msg_blocks_too_long", messages: [] } : null;
}

/** Whatever in a message would ring somebody's phone: `<!channel>`, `<@U…>`, or a bare @channel that Slack may parse. */
export function pingsIn(message: unknown): string[] {
  const texts = typeof message === "string" ? [message] : textsIn(message);
  return texts.flatMap(
    (text) => text.match(/<!(?:channel|here|everyone|subteam)[^>]*>|<@[^>]*>|@(?:channel|here|everyone)\b/g) ?? [],
  );
}

type Check = (value: unknown, at: string) => string[];

function blocksFaults(blocks: readonly unknown[]): string[] {
  const ids = blocks.flatMap((block) => (isFields(block) ? (block.block_id ?? []) : []));
  return [
    ...(blocks.length > 50 ? [fault("/blocks", "no more than 50 items allowed")] : []),
    ...(new Set(ids).size < ids.length ? [fault("/blocks", "block_id already used in this message")] : []),
    ...blocks.flatMap((block, index) => blockFaults(block, `/blocks/${index}`)),
  ];
}

function blockFaults(block: unknown, at: string): string[] {
  if (!isFields(block)) return [fault(at, "must be an object")];
  return [...optional(block.block_id, `${at}/block_id`, length(1, 255)), ...kindFaults(block, at)];
}

function kindFaults(block: Fields, at: string): string[] {
  switch (block.type) {
    case "divider":
      return [];
    case "header":
      return textObject(150, ["plain_text"])(block.text, `${at}/text`);
    case "section":
      return sectionFaults(block, at);
    case "context":
      return itemsFaults(block.elements, `${at}/elements`, 10, contextElement);
    case "actions":
      return itemsFaults(block.elements, `${at}/elements`, 25, button);
    case "markdown":
      return length(1, 12_000)(block.text, `${at}/text`);
    default:
      return [fault(at, `unsupported type: ${String(block.type)}`)];
  }
}

function sectionFaults({ text, fields, accessory }: Fields, at: string): string[] {
  if (text === undefined && fields === undefined) return [fault(at, "missing required field: text or fields")];
  return [
    ...optional(text, `${at}/text`, textObject(3_000)),
    ...(fields === undefined ? [] : itemsFaults(fields, `${at}/fields`, 10, textObject(2_000))),
    ...optional(accessory, `${at}/accessory`, button),
  ];
}

function itemsFaults(items: unknown, at: string, max: number, check: Check): string[] {
  if (!Array.isArray(items)) return [fault(at, "must be an array")];
  const ids = items.flatMap((item) => (isFields(item) ? (item.action_id ?? []) : []));
  return [
    ...(items.length === 0 ? [fault(at, "no fewer than 1 items allowed")] : []),
    ...(items.length > max ? [fault(at, `no more than ${max} items allowed`)] : []),
    ...(new Set(ids).size < ids.length ? [fault(at, "action_id already used in this block")] : []),
    ...items.flatMap((item, index) => check(item, `${at}/${index}`)),
  ];
}

function contextElement(element: unknown, at: string): string[] {
  return isFields(element) && element.type === "image" ? [] : textObject(3_000)(element, at);
}

function button(element: unknown, at: string): string[] {
  if (!isFields(element) || element.type !== "button") return [fault(at, "unsupported type of element")];
  const { text, url, value, action_id: actionId, style } = element;
  const styles: unknown[] = [undefined, "primary", "danger"];
  return [
    ...textObject(75, ["plain_text"])(text, `${at}/text`),
    ...optional(url, `${at}/url`, link),
    ...optional(value, `${at}/value`, length(1, 2_000)),
    ...optional(actionId, `${at}/action_id`, length(1, 255)),
    ...(styles.includes(style) ? [] : [fault(`${at}/style`, "must be primary or danger")]),
  ];
}

function link(url: unknown, at: string): string[] {
  const isUrl = typeof url === "string" && /^https?:\/\/[^\s<>|]+$/.test(url);
  return [...length(1, 3_000)(url, at), ...(isUrl ? [] : [fault(at, "must be a valid URL")])];
}

function textObject(max: number, kinds: readonly string[] = ["mrkdwn", "plain_text"]): Check {
  return (text, at) => {
    if (!isFields(text)) return [fault(at, "missing required field: text")];
    const isKind = kinds.includes(String(text.type));
    return [
      ...(isKind ? [] : [fault(`${at}/type`, `must be one of ${kinds.join(", ")}`)]),
      ...length(1, max)(text.text, `${at}/text`),
    ];
  };
}

function length(min: number, max: number): Check {
  return (text, at) => {
    if (typeof text !== "string") return [fault(at, "must be a string")];
    if (text.length < min) return [fault(at, `must be more than ${min - 1} characters`)];
    return text.length > max ? [fault(at, `must be less than ${max + 1} characters`)] : [];
  };
}

function optional(value: unknown, at: string, check: Check): string[] {
  return value === undefined ? [] : check(value, at);
}

function fault(at: string, what: string): string {
  return `[ERROR] ${what} [json-pointer:${at}]`;
}

/** Characters of all texts people read. */
function textIn(blocks: readonly unknown[]): number {
  return textsIn(blocks).reduce((sum, text) => sum + text.length, 0);
}

/** Every value under a key `text`, however deep. */
function textsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (!isFields(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "text" && typeof inner === "string" ? [inner] : textsIn(inner),
  );
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
