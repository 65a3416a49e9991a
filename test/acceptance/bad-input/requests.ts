import { asBytes, type BadInput, good, hook, notHttp, recorded, refused, withHeaders } from "./row.ts";

const absolute = good();
const slashes = [
  `${hook}/`,
  "/TWILIO/debugger",
  `/${hook}`,
  "/metrics",
  "/",
  "/twilio",
  "/twilio/../twilio/debugger",
  "/%74wilio/debugger",
  "/%",
  "/%ZZ%00",
];

export const requests: readonly BadInput[] = [
  ...["GET", "PUT", "DELETE", "PATCH", "OPTIONS"].map((method) =>
    refused(`${method}`, "method_not_allowed", { ...good(), method }),
  ),
  ...slashes.map((target) => refused(`the path ${target}`, "not_found", { ...good(), target }, "none")),
  recorded("Host of somebody else", withHeaders(good(), { host: "evil.example" })),
  recorded(
    "X-Forwarded-Host of somebody else",
    withHeaders(good(), {
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "http",
      forwarded: "host=evil.example",
    }),
  ),
  refused("an absolute URL as target", "wrong_signature", {
    bytes: asBytes({ ...absolute, target: `http://evil.example${hook}` }),
    afterwards: "keep open",
  }),
  notHttp("no Host at all", asBytes(good()).replace(/host: [^\r]*\r\n/, "")),
  notHttp("a header with a space in its name", asBytes(good(), { "bad name": "x" })),
  notHttp("two lengths", asBytes(good()).replace("connection: close", "connection: close\r\nContent-Length: 5")),
];
