import { formParcel } from "../../support/deliver.ts";
import { account } from "../../support/faultline.ts";
import {
  type BadInput,
  deep,
  form,
  hook,
  number,
  payload,
  quarantined,
  recorded,
  refused,
  signedBody,
  text,
} from "./row.ts";

const known = `AccountSid=${account.sid}&Payload=${encodeURIComponent('{"error_code":"80604"}')}`;
const tooMany = Array.from({ length: 10_000 }, (_, index) => `key${index}=${index}`).join("&");

export const forms: readonly BadInput[] = [
  recorded(
    "invalid percent-encoding beside a good payload",
    signedBody(`Sid=NO${"d".repeat(32)}&${known}&Broken=%ZZ%E0%A4%&%=%`),
  ),
  quarantined(
    "invalid percent-encoding in the payload",
    signedBody(`AccountSid=${account.sid}&Payload=%7B%ZZ%FF&From=%2B15555550142`),
  ),
  refused("10,000 keys", "too_many_fields", signedBody(tooMany)),
  recorded(
    "duplicate keys",
    formParcel(hook, form({ Level: ["WARNING", "ERROR"], Timestamp: ["x", "y"], Extra: ["2", "1", "1"] })),
  ),
  recorded(
    "the account twice, the first known",
    formParcel(hook, form({ AccountSid: [account.sid, `AC${"f".repeat(32)}`] })),
  ),
  refused(
    "the account twice, the first unknown",
    "unknown_account",
    formParcel(hook, form({ AccountSid: [`AC${"f".repeat(32)}`, account.sid] })),
  ),
  recorded("NUL bytes in keys and values", formParcel(hook, form({ "a\0b": "c\0d", Level: "WAR\0NING" }))),
  recorded(
    "NUL in the payload",
    payload(JSON.stringify({ error_code: "80604", more_info: { Msg: `a\0b ${number}`, "k\0": "v" } })),
  ),
  recorded("lone surrogates in the payload", payload('{"error_code":"80604","more_info":{"Msg":"\\ud800 x \\udfff"}}')),
  refused("NUL in the account", "unknown_account", formParcel(hook, form({ AccountSid: `${account.sid}\0` }))),
  recorded(
    "__proto__ and constructor as form keys",
    signedBody(`Sid=NO${"c".repeat(32)}&${known}&__proto__=x&constructor=x&a[__proto__][b]=x`),
  ),
  recorded(
    "__proto__ and constructor in the payload",
    payload(
      '{"error_code":"80604","__proto__":{"error_code":"1","polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}}',
    ),
  ),
  quarantined("error_code only through __proto__", payload('{"__proto__":{"error_code":"80604"}}')),
  quarantined("deep JSON", payload(`{"error_code":"80604","more_info":${deep(100_000)}}`)),
  quarantined("no account", formParcel(hook, { Payload: '{"error_code":"80604"}', From: number, Body: text })),
  quarantined("no payload", formParcel(hook, { AccountSid: account.sid, From: number, Body: text })),
  quarantined("an empty payload", payload("")),
  quarantined("a payload that is not JSON", payload(`<Response><Dial>${number}</Dial></Response>`)),
  quarantined("a payload that is half JSON", payload('{"error_code":"80604"')),
  ...["null", "[]", '"80604"', "80604"].map((value) => quarantined(`the payload ${value}`, payload(value))),
  quarantined(
    "no error_code",
    payload(JSON.stringify({ resource_sid: "CA1", parameters: { From: number, Body: text } })),
  ),
  ...['"eighty"', '"80604abc"', "-5", "1e400", "{}", "[80604]", "true", "80604.5", '"+15555550142"'].map((value) => {
    return quarantined(`error_code ${value}`, payload(`{"error_code":${value},"From":"${number}","Body":"${text}"}`));
  }),
  recorded("error_code as a number", payload(`{"error_code":80604,"From":"${number}","Body":"${text}"}`)),
  ...["1697000000", "1697000000000", "-1", "99999999999999999999", "yesterday", "2026-02-30T00:00:00Z", ""].map(
    (value) => {
      return recorded(`Timestamp ${JSON.stringify(value)}`, formParcel(hook, form({ Timestamp: value })));
    },
  ),
  ...["error", "Error", "wArNiNg", "info", "", "+15555550142", "<script>"].map((value) => {
    return recorded(`Level ${JSON.stringify(value)}`, formParcel(hook, form({ Level: value })));
  }),
  recorded(
    "sids that are numbers of people",
    formParcel(
      hook,
      form({
        Sid: number,
        ParentAccountSid: number,
        Payload: JSON.stringify({ error_code: "80604", resource_sid: number, service_sid: number }),
      }),
    ),
  ),
];
