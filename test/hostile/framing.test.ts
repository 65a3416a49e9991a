import { connect } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import { head, type Parcel, webhookParcel } from "../support/deliver.ts";
import { type Faultline, useFaultlines } from "../support/faultline.ts";
import { growth } from "../support/operate-client.ts";
import { errorEvent } from "../support/sign.ts";
import { until } from "../support/until.ts";

/*
 * What comes in on one connection, in every shape two programs may cut up differently. Of every row the answers are counted, and
 * they are held against what Faultline counted and recorded: never two requests of one, never one hidden in another.
 */

const faultlines = useFaultlines();
const hook = "/twilio/debugger";
let made = 0;

/** A good delivery; recorded if its body is read as it was meant. */
function good(): Parcel {
  made += 1;
  return webhookParcel(errorEvent({ code: 80604 }, 0x10_0000 + made));
}

/** The bytes of a good delivery, its framing headers replaced. */
function framed(framing: readonly string[], body: (text: string) => string = (text) => text): string {
  const parcel = good();
  const text = parcel.body.toString();
  const length = String(Buffer.byteLength(text));
  const lines = framing.map((line) => `${line.replaceAll("LENGTH", length)}\r\n`).join("");
  return head(parcel).replace("connection: close\r\n", lines) + body(text);
}

function chunks(...pieces: readonly string[]): string {
  return `${pieces.map((piece) => `${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`).join("")}0\r\n\r\n`;
}

/** A delivery by itself, on a connection that may go on. */
function whole(parcel: Parcel = good(), connection = "keep-alive"): string {
  return head(parcel, { "content-length": String(parcel.body.length), connection }) + parcel.body.toString();
}

const hidden = () => whole(good(), "close");

interface Shape {
  readonly what: string;
  readonly bytes: string;
  /** The statuses that come back, in order; the rest of the bytes is not looked at. */
  readonly answers: readonly number[];
  /** How often each reason is counted. */
  readonly counted: Readonly<Record<string, number>>;
}

function malformed(what: string, bytes: string): Shape {
  return { what, bytes, answers: [400], counted: { malformed: 1 } };
}

function taken(what: string, bytes: string): Shape {
  return { what, bytes, answers: [204], counted: { none: 1 } };
}

const twoRequests: readonly Shape[] = [
  malformed("a length and chunks", framed(["Content-Length: LENGTH", "Transfer-Encoding: chunked"]) + hidden()),
  malformed(
    "chunks and a length, which ends before the next request",
    framed(["Transfer-Encoding: chunked", "Content-Length: 4"], () => `0\r\n\r\n${hidden()}`),
  ),
  malformed(
    "a length that hides the next request, and chunks",
    framed(["Content-Length: 2000", "Transfer-Encoding: chunked"], () => `0\r\n\r\n${hidden()}`),
  ),
  malformed("two lengths", framed(["Content-Length: LENGTH", "Content-Length: 3"])),
  malformed("the same length twice", framed(["Content-Length: LENGTH", "Content-Length: LENGTH"])),
  malformed("a list of lengths", framed(["Content-Length: LENGTH, LENGTH"])),
  ...["+LENGTH", "-LENGTH", "0xff", "LENGTH LENGTH", "", "99999999999999999999999", "LENGTH.0", "1e3"].map((length) =>
    malformed(`a length of "${length}"`, framed([`Content-Length: ${length}`]) + hidden()),
  ),
  malformed("a space before the colon of the length", framed(["Content-Length : LENGTH"]) + hidden()),
  malformed("a folded header", framed(["X-Folded: a", " b", "Content-Length: LENGTH"])),
  malformed("a folded transfer encoding", framed(["Transfer-Encoding:", " chunked"], chunks) + hidden()),
  malformed("lines that end in LF only", whole().replaceAll("\r\n", "\n")),
  malformed("one line that ends in LF only", framed(["X-Line: a\nContent-Length: LENGTH"])),
  malformed("lines that end in CR only", whole().replaceAll("\r\n", "\r")),
  malformed("a header in the value of another", framed(["X-Line: a\rContent-Length: 3"])),
  ...["chunked, identity", "chunked, chunked", "\x0bchunked", "chunked\0"].map((encoding) =>
    malformed(
      `a transfer encoding of ${JSON.stringify(encoding)}`,
      framed([`Transfer-Encoding: ${encoding}`], chunks) + hidden(),
    ),
  ),
  malformed("two transfer encodings", framed(["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], chunks)),
  malformed("a space before the colon of the encoding", framed(["Transfer-Encoding : chunked"], chunks)),
  malformed("HTTP/1.0 with chunks", framed(["Transfer-Encoding: chunked"], chunks).replace("HTTP/1.1", "HTTP/1.0")),
  malformed("HTTP/0.9", `POST ${hook}\r\n\r\n${hidden()}`),
  malformed("HTTP/1.2", whole().replace("HTTP/1.1", "HTTP/1.2")),
  malformed("HTTP/2 without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  malformed("no Host", whole().replace(/host: [^\r]*\r\n/, "")),
  malformed("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
  malformed("a target with a space", whole().replace(hook, `${hook} /x`)),
  malformed("a header name with NUL", framed(["X\0: a", "Content-Length: LENGTH"])),
  malformed("a header value with NUL", framed(["X: a\0", "Content-Length: LENGTH"])),
  malformed("a method of lower case", whole().replace("POST", "post")),
  malformed("a method nobody knows", whole().replace("POST", "FROB")),
];

const chunkShapes: readonly Shape[] = [
  ...["0xFFFF", "-1", "3 ", " 3", "ffffffffffffffffff", "g", ""].map((size) =>
    malformed(
      `a chunk of size "${size}"`,
      framed(["Transfer-Encoding: chunked"], (text) => `${size}\r\n${text}\r\n0\r\n\r\n`) + hidden(),
    ),
  ),
  malformed(
    "a chunk longer than it says",
    framed(["Transfer-Encoding: chunked"], (text) => `3\r\n${text}\r\n0\r\n\r\n`),
  ),
  malformed(
    "a chunk size that ends in LF only",
    framed(["Transfer-Encoding: chunked"], (text) => `${text.length.toString(16)}\n${text}\r\n0\r\n\r\n`),
  ),
  malformed(
    "a chunk extension that ends in LF only",
    framed(["Transfer-Encoding: chunked"], (text) => `${text.length.toString(16)};a\n${text}\r\n0\r\n\r\n`),
  ),
  malformed(
    "20,000 characters of chunk extensions",
    framed(["Transfer-Encoding: chunked"], (text) => `1;${"a".repeat(20_000)}\r\n${text}\r\n0\r\n\r\n`),
  ),
  malformed(
    "a length after the last chunk",
    framed(["Transfer-Encoding: chunked"], (text) => chunks(text).replace(/\r\n$/, "Content-Length: 9\r\n\r\n")),
  ),
  taken(
    "chunk extensions",
    framed(["connection: close", "Transfer-Encoding: cHuNkEd"], (text) => {
      return `${text.length.toString(16)};a=b;c="d\\"e"\r\n${text}\r\n0;last\r\n\r\n`;
    }),
  ),
  taken(
    "a trailer that names a signature",
    framed(["connection: close", "Transfer-Encoding: chunked"], (text) =>
      chunks(text).replace(/\r\n$/, "X-Twilio-Signature: x\r\nContent-Type: text/plain\r\n\r\n"),
    ),
  ),
  taken(
    "a thousand chunks of one byte",
    framed(["connection: close", "Transfer-Encoding: chunked"], (text) => chunks(...text.split(""))),
  ),
  ...["gzip, chunked", "identity, chunked", "xchunked", '"chunked"', "identity"].map((encoding) => ({
    what: `a transfer encoding of ${encoding}`,
    bytes: framed([`Transfer-Encoding: ${encoding}`], chunks) + hidden(),
    answers: [415],
    counted: { unsupported_encoding: 1 },
  })),
  ...["gzip", "deflate", "br", "zstd", "x-gzip", "gzip, identity", "aes128gcm"].map((encoding) => ({
    what: `a body compressed with ${encoding}`,
    bytes: framed([`Content-Encoding: ${encoding}`, "Content-Length: LENGTH", "Connection: close"]),
    answers: [415],
    counted: { unsupported_encoding: 1 },
  })),
];

const headShapes: readonly Shape[] = [
  taken("HTTP/1.0", framed(["Content-Length: LENGTH"]).replace("HTTP/1.1", "HTTP/1.0")),
  taken("empty lines before the request", `\r\n\r\n${hidden()}`),
  taken(
    "names of JavaScript's own as headers",
    framed(["__proto__: x", "constructor: y", "toString: z", "connection: close", "Content-Length: LENGTH"]),
  ),
  {
    what: "2,500 headers, the compression last",
    bytes: framed([
      ...Array.from({ length: 2_500 }, () => "a:"),
      "connection: close",
      "Content-Encoding: gzip",
      "Content-Length: LENGTH",
    ]),
    answers: [415],
    counted: { unsupported_encoding: 1 },
  },
  ...[
    ["a header", framed([`X-Long: ${"a".repeat(17_000)}`, "Content-Length: LENGTH"])],
    [
      "a thousand headers",
      framed([...Array.from({ length: 1_000 }, () => `X-Many: ${"a".repeat(20)}`), "Content-Length: LENGTH"]),
    ],
    ["a target", whole().replace(hook, `${hook}?${"a".repeat(17_000)}`)],
  ].map(([what, bytes]) => ({
    what: `${what} beyond 16 KiB`,
    bytes: bytes ?? "",
    answers: [431],
    counted: { headers_too_large: 1 },
  })),
  {
    what: "CONNECT",
    bytes: "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    answers: [405],
    counted: { method_not_allowed: 1 },
  },
  ...["GET", "HEAD", "TRACE", "PROPFIND", "QUERY", "M-SEARCH", "PURGE"].map((method) => ({
    what: method,
    bytes: whole(good(), "close").replace("POST", method),
    answers: [405],
    counted: { method_not_allowed: 1 },
  })),
  ...[
    `http://faultline.example.com${hook}`,
    "*",
    "//evil.example/",
    `${hook};a=b`,
    `${hook}%00`,
    "/..%2f..%2fmetrics",
  ].map((target) => {
    const absolute = target.startsWith("http");
    return {
      what: `the target ${target}`,
      bytes: whole(good(), "close").replace(`POST ${hook}`, `POST ${target}`),
      answers: [absolute ? 403 : 404],
      counted: absolute ? { wrong_signature: 1 } : { not_found: 1 },
    };
  }),
  taken("an expectation nobody knows", framed(["Expect: miracles", "connection: close", "Content-Length: LENGTH"])),
  {
    what: "a request for another protocol, with one behind it",
    bytes: framed(["Connection: Upgrade", "Upgrade: websocket", "Content-Length: LENGTH"]) + hidden(),
    answers: [204],
    counted: { none: 1 },
  },
  {
    what: "more bytes than said, which are the start of nothing",
    bytes: framed(["Content-Length: 3"]),
    // Three bytes of a form name no account, and any of our tokens might have signed them: none has.
    answers: [403, 400],
    counted: { wrong_signature: 1, malformed: 1 },
  },
];

const bodiless = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: faultline.example.com\r\n\r\n`;
const unsigned = (): Parcel => ({ ...good(), headers: { "content-type": "application/x-www-form-urlencoded" } });

const pipelines: readonly Shape[] = [
  {
    what: "many at once, good and bad",
    bytes: [
      whole(),
      bodiless("/nowhere"),
      whole(),
      bodiless(hook),
      whole({ ...good(), headers: { ...good().headers, "x-twilio-signature": "x" } }),
      whole(good(), "close"),
    ].join(""),
    answers: [204, 404, 204, 405, 403, 204],
    counted: { none: 3, not_found: 1, method_not_allowed: 1, wrong_signature: 1 },
  },
  {
    what: "one that is refused unread, and one behind it",
    bytes: whole() + whole(unsigned()) + whole(),
    answers: [204, 401, 204],
    counted: { none: 2, no_signature: 1 },
  },
  {
    what: "a large one that is refused unread, which ends the connection, and one behind it",
    bytes: whole() + whole({ ...unsigned(), body: "x".repeat(20_000) }) + whole(),
    answers: [204, 401],
    counted: { none: 1, no_signature: 1 },
  },
  {
    what: "two hundred at once",
    bytes: Array.from({ length: 199 }, () => whole()).join("") + whole(good(), "close"),
    answers: Array<number>(200).fill(204),
    counted: { none: 200 },
  },
  {
    what: "good ones, then what is no request",
    bytes: `${whole()}${whole()}FROB / HTTP/1.1\r\n\r\n`,
    answers: [204, 204, 400],
    counted: { none: 2, malformed: 1 },
  },
  {
    what: "a good one, then chunks that break off, then a good one",
    bytes: `${whole()}${framed(["Transfer-Encoding: chunked"], () => "5\r\nhello\r\nZ\r\n")}${hidden()}`,
    answers: [204, 400],
    counted: { none: 1, malformed: 1 },
  },
  {
    what: "one that asks to close, and one behind it",
    bytes: whole(good(), "close") + whole(),
    answers: [204],
    counted: { none: 1 },
  },
];

describe("what comes in on a connection", () => {
  test("is answered in order, one answer and one count a request, and recorded only when it is answered so", async () => {
    const faultline = await faultlines.start({ RATE_LIMIT_REFUSED: "1000000/s" });
    const met: Met[] = [];
    const shapes = [...twoRequests, ...chunkShapes, ...headShapes, ...pipelines];
    for (const shape of shapes) met.push(await whatMeets(faultline, shape));
    expect(met).toEqual(
      shapes.map(({ what, answers, counted }) => ({ what, answers, counted, recorded: counted.none ?? 0 })),
    );
    expect(faultline.logs().filter(({ level }) => level === "error" || level === "fatal")).toEqual([]);
    await faultline.stop();
  }, 120_000);
});

/** What a shape met with. */
interface Met extends Pick<Shape, "what" | "answers" | "counted"> {
  /** New events. */
  readonly recorded: number;
}

async function whatMeets(faultline: Faultline, { what, bytes, answers, counted }: Shape): Promise<Met> {
  const before = await faultline.samples();
  const eventsBefore = (await faultline.events()).length;
  const statuses = await statusesOf(faultline.publicPort, Buffer.from(bytes, "latin1"), answers.length);
  const look = async (): Promise<Met> => {
    const grown = growth(before, await faultline.samples(), ["faultline_deliveries_total"]);
    const reasons: Record<string, number> = {};
    for (const [series, by] of Object.entries(grown)) {
      const reason = /reason="(\w+)"/.exec(series)?.[1] ?? "";
      reasons[reason] = (reasons[reason] ?? 0) + by;
    }
    const recorded = (await faultline.events()).length - eventsBefore;
    return { what, answers: statuses, counted: reasons, recorded };
  };
  // What is answered to nobody is counted a moment later.
  const wanted = { what, answers, counted, recorded: counted.none ?? 0 };
  return await until(what, 15_000, async () => {
    const met = await look();
    return isDeepStrictEqual(met, wanted) ? met : null;
  }).catch(look);
}

/** Writes the bytes, and gives the statuses of all that comes back until the connection ends; our side ends with the last awaited. */
function statusesOf(port: number, bytes: Buffer, awaited: number): Promise<number[]> {
  return new Promise((resolve) => {
    let text = "";
    const statuses = () => [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const timer = setTimeout(() => socket.destroy(), 5_000);
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (statuses().length >= awaited) socket.end();
    });
    socket.on("end", () => socket.end());
    // A reset is an end like any other: what came before it counts.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(statuses());
    });
    socket.write(bytes);
  });
}
