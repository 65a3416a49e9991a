import type { Json, JsonObject } from "../../src/core/json.ts";
import type { Dice } from "./dice.ts";

/*
 * Private things, put where a payload has private things. Whatever else is in the payload, none of it may be stored.
 */

/** Stands in every text that is dropped whole. */
const word = "zqxj";

const bodies = [
  "Body",
  "body",
  "message_body",
  "MessageBody",
  "SpeechResult",
  "TranscriptionText",
  "Digits",
  "MediaUrl0",
];
const secrets = [
  "AuthToken",
  "auth_token",
  "token",
  "api_key",
  "password",
  "Authorization",
  "Cookie",
  "X-Twilio-Signature",
];
const places = ["FromCity", "ToZip", "CallerCity", "postal_code"];
const addresses = ["To", "From", "Caller", "phone", "address", "note", "Msg", "message", "text", "x"];
const numbers = [
  "+15555550142",
  "+1 555 555 0142",
  "+1 (555) 555-0142",
  "whatsapp:+15555550142",
  "tel:+15555550142",
  "%2B15555550142",
  "15555550142",
  "5555550142",
  "(555) 555-0142",
  "555-555-0142",
  "sip:+15555550142@sip.example.com",
];
const sentences = [
  (number: string) => number,
  (number: string) => `Call from ${number} to ${number} failed, see log.`,
  (number: string) => `"${number}"`,
  (number: string) => `number=${number}, twice`,
  (number: string) => `https://app.example.com/sms?From=${encodeURIComponent(number)}&a=b`,
  (number: string) => `{"To":"${number}"}`,
  (number: string) => `To=${encodeURIComponent(number)}&Body=${word}`,
  (number: string) => `\u202e${number}\n${number}`,
];

/** What could be made out of text that must not hold any. Masking keeps a number's country code and its last two digits. */
export function privateIn(text: string): string | null {
  const at = text.search(/zqxj|5555550142|555\D{1,3}0142/);
  return at === -1 ? null : text.slice(Math.max(0, at - 80), at + 60);
}

/** Puts one to three canaries into objects of a tree, as further fields. */
export function planted(tree: JsonObject, dice: Dice): JsonObject {
  const objects: JsonObject[] = [];
  collect(tree, objects, 0);
  for (let times = 1 + dice.int(3); times > 0; times -= 1) {
    const [key, value] = canary(dice);
    dice.pick(objects)[key] = wrapped(value, dice);
  }
  return tree;
}

/** A canary as text of its own, with what sets it apart from its surroundings. */
export function snippet(dice: Dice): string {
  return dice.pick([
    // Between words, so that no digits of others come before or after it.
    ` call ${dice.pick(numbers)} now `,
    `\n${dice.pick(["Authorization", "Cookie"])}: Bearer ${word}0123456789abcdef\n`,
    ` https://user:${word}@app.example.com/ `,
    ` ${dice.pick(["token", "password", "api_key"])}=${word}0123456789abcdef `,
  ]);
}

function canary(dice: Dice): [key: string, value: Json] {
  const text = `${word} ${dice.pick(["meet me", "\u202e", "{", '"', "a=b&c=d", "0"])}`;
  switch (dice.int(6)) {
    case 0:
      return [dice.pick(bodies), dice.once(4) ? [text, { text }] : text];
    case 1:
      return [dice.pick(secrets), `${word}0123456789abcdef0123456789abcdef`];
    case 2:
      return [dice.pick(places), text];
    case 3:
      return ["url", `https://user:${word}@app.example.com/sms?key=${word}&Body=${word}#${word}`];
    case 4:
      return [dice.pick(["header", "item"]), { name: dice.pick([...bodies, ...secrets]), value: text }];
    default:
      return [dice.pick(addresses), dice.pick(sentences)(dice.pick(numbers))];
  }
}

/** Sometimes inside JSON text, or deeper in a tree. */
function wrapped(value: Json, dice: Dice): Json {
  if (typeof value === "string" || !dice.once(3)) return value;
  return dice.pick([
    JSON.stringify(value),
    JSON.stringify(JSON.stringify(value)),
    [[value]],
    { parameters: { x: value } },
  ]);
}

function collect(value: Json, into: JsonObject[], depth: number): void {
  if (typeof value !== "object" || value === null || depth > 20) return;
  if (!Array.isArray(value)) into.push(value);
  for (const child of Object.values(value)) collect(child, into, depth + 1);
}
