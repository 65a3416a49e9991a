import { createHash, createHmac } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { signatureOf, verifyFormSignature, verifyJsonSignature } from "../../src/core/signature.ts";
import type { FormFields } from "../../src/core/wire/form.ts";

const token = "0123456789abcdef0123456789abcdef";
const other = "fedcba9876543210fedcba9876543210";
const publicUrl = "https://hooks.example.com";
const fields: FormFields = [
  ["To", "+15555550199"],
  ["From", "+15555550101"],
  ["Empty", ""],
];

/** Twilio's algorithm as documented, written independently: the URL, then key and value of every parameter by key. */
function sign(url: string, parameters = "", secret = token): string {
  return createHmac("sha1", secret)
    .update(url + parameters)
    .digest("base64");
}

const parameters = "EmptyFrom+15555550101To+15555550199";

function form(changes: Partial<Parameters<typeof verifyFormSignature>[0]> = {}): boolean {
  return verifyFormSignature({
    publicUrl,
    target: "/twilio/debugger",
    signature: sign("https://hooks.example.com/twilio/debugger", parameters),
    tokens: [token],
    fields,
    ...changes,
  });
}

describe("a form's signature", () => {
  it("is Twilio's documented one", () => {
    expect(form()).toBe(true);
    expect(signatureOf(token, "https://hooks.example.com/twilio/debugger", fields)).toBe(
      sign("https://hooks.example.com/twilio/debugger", parameters),
    );
  });

  it("may be made with any of the tokens", () => {
    expect(form({ tokens: [other, token] })).toBe(true);
    expect(form({ tokens: [other] })).toBe(false);
    expect(form({ tokens: [] })).toBe(false);
  });

  it("is refused when it is made with an empty token", () => {
    expect(form({ tokens: [""], signature: sign("https://hooks.example.com/twilio/debugger", parameters, "") })).toBe(
      false,
    );
  });

  it("covers every parameter, empty and unknown ones too", () => {
    expect(form({ fields: fields.slice(0, 2) })).toBe(false);
    expect(form({ fields: [...fields, ["More", ""]] })).toBe(false);
    expect(form({ fields: [["To", "+15555550198"], ...fields.slice(1)] })).toBe(false);
  });

  it("sorts keys by code unit, and counts equal values of one key once", () => {
    const mixed: FormFields = [
      ["b", "2"],
      ["a", "2"],
      ["B", "1"],
      ["a", "10"],
      ["a", "2"],
    ];
    expect(form({ fields: mixed, signature: sign("https://hooks.example.com/twilio/debugger", "B1a10a2b2") })).toBe(
      true,
    );
  });

  it("takes keys like __proto__ for what they are", () => {
    const strange: FormFields = [
      ["__proto__", "x"],
      ["constructor", "y"],
    ];
    const signature = sign("https://hooks.example.com/twilio/debugger", "__proto__xconstructory");
    expect(form({ fields: strange, signature })).toBe(true);
  });

  it("is over the text as UTF-8", () => {
    const signature = sign("https://hooks.example.com/twilio/debugger", "Bodyhé😀");
    expect(form({ fields: [["Body", "hé😀"]], signature })).toBe(true);
  });

  it.each([
    ["as it is", "https://hooks.example.com/twilio/debugger?x=1"],
    ["with the default port", "https://hooks.example.com:443/twilio/debugger?x=1"],
  ])("holds for the URL %s", (_, url) => {
    expect(form({ target: "/twilio/debugger?x=1", signature: sign(url, parameters) })).toBe(true);
  });

  it.each([
    ["https://hooks.example.com:443", "https://hooks.example.com/a"],
    ["https://hooks.example.com:443", "https://hooks.example.com:443/a"],
    ["http://hooks.example.com", "http://hooks.example.com:80/a"],
    ["https://hooks.example.com:8443", "https://hooks.example.com:8443/a"],
    ["https://hooks.example.com:8443", "https://hooks.example.com/a"],
    ["https://user:pass@hooks.example.com", "https://user:pass@hooks.example.com/a"],
    ["https://user:pass@hooks.example.com", "https://user:pass@hooks.example.com:443/a"],
    ["https://hooks.example.com/prefix", "https://hooks.example.com/prefix/a"],
    ["https://hooks.example.com/prefix/", "https://hooks.example.com/prefix/a"],
    ["https://hooks.example.com/#x", "https://hooks.example.com/a"],
    ["https://HOOKS.example.com", "https://HOOKS.example.com/a"],
    ["https://HOOKS.example.com", "https://hooks.example.com/a"],
    ["https://[::1]:443", "https://[::1]/a"],
    ["https://[::1]", "https://[::1]:443/a"],
  ])("with the public URL %s holds for %s", (url, signed) => {
    expect(form({ publicUrl: url, target: "/a", signature: sign(signed, parameters) })).toBe(true);
  });

  it.each([
    ["/a?name=O'hara", "/a?name=O'hara"],
    ["/a?name=O'hara", "/a?name=O%27hara"],
    ["/a?x=a|b", "/a?x=a|b"],
    ["/a?x=%7e+b", "/a?x=~%20b"],
    ["/a/../b", "/b"],
    ["/a?x", "/a?x="],
    ["/a#fragment", "/a"],
  ])("of the target %s holds for %s", (target, signed) => {
    expect(form({ target, signature: sign(publicUrl + signed, parameters) })).toBe(true);
  });

  it.each([
    "http://hooks.example.com/a",
    "https://hooks.example.com:8443/a",
    "https://evil.example.com/a",
    "https://hooks.example.com/b",
  ])("does not hold for %s", (url) => {
    expect(form({ target: "/a", signature: sign(url, parameters) })).toBe(false);
  });

  it("must be strict base64 of twenty bytes", () => {
    const good = sign("https://hooks.example.com/twilio/debugger", parameters);
    const url = good.replaceAll("+", "-").replaceAll("/", "_");
    const bad = [
      "",
      " ",
      good.slice(0, -1),
      `${good}=`,
      ` ${good}`,
      `${good}\n`,
      `!${good}`,
      `${good},${good}`,
      "AAAA",
      "é".repeat(28),
    ];
    for (const signature of url === good ? bad : [...bad, url]) expect(form({ signature })).toBe(false);
  });

  it("never throws on a public URL or target that is none", () => {
    expect(form({ publicUrl: "nonsense", target: "%%%" })).toBe(false);
    expect(form({ target: "//[" })).toBe(false);
    expect(form({ publicUrl: "", target: "" })).toBe(false);
  });
});

describe("a JSON body's signature", () => {
  const body = Buffer.from('[{"id":"é"}]');
  const hash = createHash("sha256").update(body).digest("hex");
  const target = `/twilio/events?bodySHA256=${hash}`;
  const json = (changes: Partial<Parameters<typeof verifyJsonSignature>[0]> = {}) =>
    verifyJsonSignature({ publicUrl, target, body, signature: sign(publicUrl + target), tokens: [token], ...changes });

  it("is over the URL, which holds the hash of the body", () => {
    expect(json()).toBe("ok");
    expect(json({ tokens: [other, token] })).toBe("ok");
  });

  it("is refused for another body: a captured signature replayed", () => {
    expect(json({ body: Buffer.from("[]") })).toBe("body_hash_mismatch");
    expect(json({ body: Buffer.concat([body, Buffer.from("\n")]) })).toBe("body_hash_mismatch");
  });

  it("is refused without bodySHA256, signed or not", () => {
    const bare = "/twilio/events";
    expect(json({ target: bare, signature: sign(publicUrl + bare) })).toBe("no_body_hash");
    expect(json({ target: `${bare}?bodySHA256=`, signature: sign(`${publicUrl}${bare}?bodySHA256=`) })).toBe(
      "no_body_hash",
    );
    expect(json({ target: `${bare}?bodysha256=${hash}` })).toBe("no_body_hash");
    expect(json({ target: `${bare}#?bodySHA256=${hash}` })).toBe("no_body_hash");
  });

  it("is refused when the hash is right and the URL is not signed", () => {
    expect(json({ signature: sign(publicUrl) })).toBe("wrong_signature");
    expect(json({ tokens: [other] })).toBe("wrong_signature");
    expect(json({ tokens: [] })).toBe("wrong_signature");
  });

  it("reads the hash in either case", () => {
    const upper = `/twilio/events?bodySHA256=${hash.toUpperCase()}`;
    expect(json({ target: upper, signature: sign(publicUrl + upper) })).toBe("ok");
  });

  it("takes the first of two hashes", () => {
    const wrong = "0".repeat(64);
    const twice = (first: string, second: string) => `/e?bodySHA256=${first}&bodySHA256=${second}`;
    expect(json({ target: twice(hash, hash), signature: sign(publicUrl + twice(hash, hash)) })).toBe("ok");
    expect(json({ target: twice(hash, wrong), signature: sign(publicUrl + twice(hash, wrong)) })).toBe("ok");
    expect(json({ target: twice(wrong, hash), signature: sign(publicUrl + twice(wrong, hash)) })).toBe(
      "body_hash_mismatch",
    );
  });

  it("hashes bytes that are no UTF-8 as they are", () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x00]);
    const signed = `/e?bodySHA256=${createHash("sha256").update(bytes).digest("hex")}`;
    expect(json({ target: signed, body: bytes, signature: sign(publicUrl + signed) })).toBe("ok");
  });

  it("refuses a form's way of signing", () => {
    expect(json({ signature: sign(publicUrl + target, body.toString("utf8")) })).toBe("wrong_signature");
  });
});

interface Vector {
  name: string;
  kind: "form" | "json";
  token: string;
  url: string;
  params: Record<string, string | string[]>;
  body: string | null;
  signature: string;
  valid: boolean;
}

const vectors = new URL("../../../shared/fixtures/signature-vectors.json", import.meta.url);

describe.skipIf(!existsSync(vectors))("the shared vectors (a file that need not exist)", () => {
  const all: Vector[] = existsSync(vectors) ? JSON.parse(readFileSync(vectors, "utf8")) : [];

  it.each(all)("$name", (vector) => {
    const origin = /^[^/]*\/\/[^/]*/.exec(vector.url)?.[0] ?? "";
    const request = {
      publicUrl: origin,
      target: vector.url.slice(origin.length),
      signature: vector.signature,
      tokens: [vector.token],
    };
    const valid =
      vector.kind === "json"
        ? verifyJsonSignature({ ...request, body: Buffer.from(vector.body ?? "") }) === "ok"
        : verifyFormSignature({
            ...request,
            fields: Object.entries(vector.params).flatMap(([key, value]) =>
              [value].flat().map((one) => [key, one] as const),
            ),
          });
    expect(valid).toBe(vector.valid);
  });
});
