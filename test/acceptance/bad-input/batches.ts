import { jsonParcel } from "../../support/deliver.ts";
import { type BadInput, deep, json, number, stream, streamed, taken } from "./row.ts";

const streams = (what: string, send: BadInput["send"], events: { recorded?: number; quarantined?: number }) =>
  taken(what, send, events, "event_streams");

export const batches: readonly BadInput[] = [
  streams("JSON that is none", jsonParcel(stream, `{"From":"${number}"`), { quarantined: 1 }),
  streams("bytes that are no UTF-8", jsonParcel(stream, Buffer.from([0x5b, 0xff, 0xfe, 0x00, 0x5d])), {
    quarantined: 1,
  }),
  streams("an empty body", jsonParcel(stream, ""), { quarantined: 1 }),
  streams("an empty batch", json([]), {}),
  streams("entries that are no objects", json([1, null, "x", []]), { quarantined: 4 }),
  streams("good entries beside bad ones", json([streamed(), { type: 5 }, streamed({ error_code: "x" }), streamed()]), {
    recorded: 2,
    quarantined: 2,
  }),
  streams(
    "deep JSON in an entry",
    jsonParcel(stream, `[{"type":"com.twilio.error-logs.error.logged","data":${deep(100_000)}}]`),
    { quarantined: 1 },
  ),
  streams("a deep array of arrays", jsonParcel(stream, deep(100_000)), { quarantined: 1 }),
  streams("deep JSON in data as text", json([streamed({}, { data: deep(100_000) })]), { quarantined: 1 }),
  streams("data as JSON text", json([streamed({}, { data: JSON.stringify(streamed().data) })]), { recorded: 1 }),
  streams("no data", json([streamed({}, { data: null })]), { quarantined: 1 }),
  streams("no account", json([streamed({ account_sid: null }, { source: "x" })]), { quarantined: 1 }),
  streams("a payload that is not JSON", json([streamed({ payload: `no JSON, ${number}` })]), { recorded: 1 }),
  streams(
    "NUL everywhere",
    json([streamed({ payload: `{"message":"a\\u0000b"}`, product_name: "Pro\0xy", level: "ERR\0OR" }, { time: "\0" })]),
    { recorded: 1 },
  ),
  streams(
    "__proto__ in an entry",
    jsonParcel(
      stream,
      JSON.stringify([streamed()]).replace(
        '{"specversion"',
        '{"__proto__":{"type":"x","polluted":"yes"},"specversion"',
      ),
    ),
    { recorded: 1 },
  ),
  streams("epoch times", json([streamed({ date_created: 1_697_000_000 }, { time: 1_697_000_000_000 })]), {
    recorded: 1,
  }),
];
