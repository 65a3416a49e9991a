import { gzipSync } from "node:zlib";
import { formParcel, head, jsonParcel } from "../../support/deliver.ts";
import {
  asBytes,
  type BadInput,
  form,
  good,
  hook,
  json,
  notHttp,
  refused,
  signedBody,
  stream,
  streamed,
  taken,
  withHeaders,
  without,
} from "./row.ts";

export const bodies: readonly BadInput[] = [
  refused(
    "a body larger than the limit, as declared",
    "body_too_large",
    signedBody(`Payload=${"x".repeat(1_100_000)}`),
  ),
  refused("a body larger than the limit, in chunks", "body_too_large", {
    bytes: `${head(good(), { "transfer-encoding": "chunked" })}${`10000\r\n${"x".repeat(65_536)}\r\n`.repeat(17)}0\r\n\r\n`,
    afterwards: "keep open",
  }),
  refused("a declared length of 1 TB", "body_too_large", {
    bytes: head(good(), { "content-length": "1099511627776" }),
    afterwards: "keep open",
  }),
  {
    ...refused("a truncated body", "aborted", {
      bytes: asBytes(good(), { "content-length": "100000" }),
      afterwards: "end",
    }),
  },
  refused("a body that stops coming", "request_timeout", {
    bytes: asBytes(good(), { "content-length": "100000" }),
    afterwards: "keep open",
  }),
  taken(
    "a batch of 1,000 events fits",
    json(Array.from({ length: 1_000 }, () => streamed())),
    { recorded: 1_000 },
    "event_streams",
  ),
  refused("form as text/plain", "unsupported_media_type", withHeaders(good(), { "content-type": "text/plain" })),
  refused("form without a content type", "unsupported_media_type", without(good(), "content-type")),
  refused(
    "multipart",
    "unsupported_media_type",
    withHeaders(good(), { "content-type": "multipart/form-data; boundary=x" }),
  ),
  refused("JSON where a form belongs", "unsupported_media_type", { ...jsonParcel(hook, "{}"), target: hook }),
  refused("a form where JSON belongs", "unsupported_media_type", formParcel(stream, form()), "event_streams"),
  refused(
    "a compressed body",
    "unsupported_encoding",
    withHeaders({ ...good(), body: gzipSync("Payload={}") }, { "content-encoding": "gzip" }),
  ),
  notHttp("both Content-Length and Transfer-Encoding", asBytes(good(), { "transfer-encoding": "chunked" })),
];
