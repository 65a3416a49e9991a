import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/core/json.ts";
import { redactFlat } from "../../src/core/redact/flat-text.ts";
import { redactPayload, redactText } from "../../src/core/redact.ts";
import { bestOf } from "../support/best-of.ts";

/** Text made of what the redactor looks for, so that its rules meet in every order. */
const pieces = fc.constantFrom(
  ..."+ +1 +44 5555550101 15555550101 555 0101 - . ( ) * 01 %2B %252B %40 % %7B %22 @ @x.y joe a Body To From token secret".split(
    " ",
  ),
  ..."= : :: & ? # / // :// https:// https://u:p@h.example sip: ' \\ \\\" { } [ ] , ; [dropped] [truncated] *** Bearer Basic".split(
    " ",
  ),
  ...'Authorization Cookie City FromZip url AC NO1 \\u002b abc123 a=b Body=hi "Body":"hi" 2026-01-15T10:00:00Z'.split(
    " ",
  ),
  " ",
  "\n",
  '"',
  "\0",
  "\ud800",
  "é",
);
const hostile = fc
  .array(fc.oneof({ weight: 8, arbitrary: pieces }, fc.string({ maxLength: 6 })), { maxLength: 14 })
  .map((all) => all.join(""));
const nested = hostile.chain((text) =>
  fc.constantFrom(
    text,
    JSON.stringify({ Body: text, To: text, note: text }),
    `a=${encodeURIComponent(text.toWellFormed())}&Body=${encodeURIComponent(text.toWellFormed())}`,
    encodeURIComponent(JSON.stringify({ note: text }).toWellFormed()),
    JSON.stringify(JSON.stringify([text])),
  ),
);
const keys = fc.oneof(
  fc.constantFrom(
    "Body",
    "To",
    "url",
    "message",
    "token",
    "name",
    "value",
    "parameters",
    "FromCity",
    "__proto__",
    "headers",
  ),
  hostile,
);
const { tree } = fc.letrec<{ tree: unknown; node: unknown }>((tie) => ({
  tree: fc.dictionary(keys, tie("node"), { maxKeys: 6 }),
  node: fc.oneof(
    { depthSize: "small" },
    nested,
    fc.integer(),
    fc.constantFrom(null, true, 15555550101, 1.5),
    fc.array(tie("node"), { maxLength: 4 }),
    tie("tree"),
  ),
}));

describe("words, short numbers and SIDs", () => {
  const word = fc.oneof(
    fc.stringMatching(/^[A-Za-z_.-]{1,64}$/),
    fc.stringMatching(/^\d{1,9}$/),
    fc.stringMatching(/^[A-Z]{2}[0-9a-f]{32}$/),
    fc.constantFrom("Bearer", "basic", "Body", "sip", "..", "-", "__proto__", "null", "1", "123456789"),
  );
  it("need no look: a text of its own, the value of a URL and of a parameter are left as they are", () => {
    fc.assert(
      fc.property(word, (text) => {
        expect(redactText(text)).toBe(text);
        expect(redactFlat(text, { isUrl: true })).toBe(text);
        expect(redactFlat(text, { inParameters: true })).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });
  it("are still dropped where all is dropped, and masked where a phone number stands", () => {
    expect(redactPayload({ Body: "hello", parameters: { To: "020555019", CallSid: "abc" } })).toEqual({
      Body: "[dropped]",
      parameters: { To: expect.stringMatching(/\*/), CallSid: "abc" },
    });
  });
});

describe("redaction", () => {
  it("of a text changes nothing the second time", () => {
    fc.assert(
      fc.property(nested, (text) => {
        const once = redactText(text);
        expect(redactText(once)).toBe(once);
      }),
      { numRuns: 20_000 },
    );
  });

  it("of a text that is cut changes nothing the second time", () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 16_300, max: 16_400 }), (text, length) => {
        const once = redactText(text.repeat(Math.ceil(length / Math.max(1, text.length))).slice(0, length));
        expect(once.length).toBeLessThanOrEqual(16 * 1024);
        expect(redactText(once)).toBe(once);
      }),
      { numRuns: 500 },
    );
  });

  it("of a payload changes nothing the second time, and leaves what a database takes", () => {
    fc.assert(
      fc.property(tree, (payload) => {
        const once = redactPayload(payload as JsonObject);
        expect(redactPayload(once)).toEqual(once);
        const text = JSON.stringify(once);
        expect(text).not.toMatch(/\\u0000|\\ud[89a-f]/);
      }),
      { numRuns: 3000 },
    );
  });

  it("of a payload that is cut changes nothing the second time", () => {
    fc.assert(
      fc.property(hostile, hostile, fc.integer({ min: 65_000, max: 65_700 }), (text, rest, length) => {
        const long = text.repeat(Math.ceil(length / Math.max(1, text.length))).slice(0, length);
        const once = redactPayload({ first: rest, long, rest, list: [rest, 1, rest], [rest]: 1 });
        expect(JSON.stringify(once).length).toBeLessThan(2 * 64 * 1024 + 200);
        expect(redactPayload(once)).toEqual(once);
      }),
      { numRuns: 300 },
    );
  });

  it("leaves no international number, wherever it stands", () => {
    const number = fc.oneof(
      fc.stringMatching(/^1[2-9]\d{9}$/),
      fc
        .tuple(fc.constantFrom("44", "49", "353", "91"), fc.stringMatching(/^[2-9]\d{8,9}$/))
        .map((parts) => parts.join("")),
    );
    const around = fc.constantFrom(
      " ",
      ", ",
      "(",
      ")",
      '"',
      "=",
      ":",
      "whatsapp:",
      "tel:",
      "/",
      "?a=",
      "&To=",
      "to",
      "\n",
      "",
    );
    const plus = fc.constantFrom("+", "%2B", "%252B", "%2b", "\\u002b");
    fc.assert(
      fc.property(
        hostile,
        around,
        plus,
        number,
        fc.constantFrom(" ", ".", ",", '"', "&", "", ")", "/x"),
        hostile,
        (a, b, sign, digits, c, d) => {
          // The neighbours must not add digits to the number.
          const text = `${a.replace(/[\d*]/g, "")}${b}${sign}${digits}${c}${d.replace(/\d/g, "")}`;
          for (const redacted of [
            redactText(text),
            JSON.stringify(redactPayload({ note: text, [text]: text, list: [text] })),
          ]) {
            expect(redacted).not.toContain(digits.slice(3, -2));
          }
        },
      ),
      { numRuns: 5000 },
    );
  });

  it("leaves no message body, however it is wrapped", () => {
    const wrappers: ((text: string) => string)[] = [
      (text) => JSON.stringify({ a: 1, text }),
      (text) => `a=1&Payload=${encodeURIComponent(text)}`,
      (text) => encodeURIComponent(text),
      (text) => JSON.stringify(text),
      (text) => JSON.stringify([text]),
    ];
    const wrap = fc.constantFrom(...wrappers);
    const inner = fc.constantFrom(
      '{"Body":"zqxj"}',
      "a=1&Body=zqxj",
      '{"parameters":{"message":"zqxj"}}',
      '{"To":1,"Body":"zqxj',
    );
    fc.assert(
      fc.property(inner, fc.array(wrap, { maxLength: 3 }), (text, wraps) => {
        const wrapped = wraps.reduce<string>((so, next) => next(so), text);
        expect(redactText(wrapped)).not.toContain("zqxj");
        expect(JSON.stringify(redactPayload({ wrapped }))).not.toContain("zqxj");
      }),
      { numRuns: 1000 },
    );
  });
});

describe("redaction of hostile text takes linear time", () => {
  const longer = 8;
  it.each(
    Object.entries({
      pluses: "+",
      "broken numbers": "+1 ",
      "digit groups": "123-",
      digits: "1",
      "at signs": "a@",
      "local parts": "a",
      "encoded at signs": "a%40",
      "quoted keys": '"a":',
      "open bodies": '"Body":"\\',
      "escaped quotes": '"Body":"\\"',
      backslashes: "\\",
      pairs: "a=",
      "sensitive pairs": "token=",
      "sensitive colons": "token:",
      "addresses without number": "to:1 ",
      "URL starts": "a://",
      "URLs with broken ports": "a://b:c",
      "ports and at": "a://b:c/@",
      colons: ":",
      queries: "x?",
      "queries with values": "x?=",
      fragments: "x#",
      percents: "%",
      "nested percent-encoding": "%25",
      "encoded pairs": "a=%20&",
      "encoded paths": "%41/",
      words: "basic ",
      spaces: " ",
      brackets: "[",
      braces: '{"a":',
      quotes: '"',
      parentheses: "(",
    }),
  )("%s", (_, piece) => {
    const measure = (size: number) => {
      const text = `x${piece.repeat(Math.ceil(size / piece.length))}`;
      return bestOf(3, () => redactText(text));
    };
    measure(10_000);
    // Eight times the text: linear is 8, quadratic 64. The floor keeps the clock's grain out of it. Measured again where it
    // looks like too much: the machine may have slowed down between the two.
    let growth = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 5 && growth >= 30; round += 1) {
      const short = Math.max(1, measure(40_000));
      growth = Math.min(growth, measure(40_000 * longer) / short);
    }
    expect(growth).toBeLessThan(30);
  });
});
