import { createHash } from "node:crypto";
import fc from "fast-check";
import twilio from "twilio";
import { describe, expect, it } from "vitest";
import { signatureOf, verifyFormSignature, verifyJsonSignature } from "../../src/core/signature.ts";
import type { FormFields } from "../../src/core/wire/form.ts";

/*
 * Ours against Twilio's own validator, wherever that one is right. It is not, and the generators below leave out:
 *
 * - a URL that the WHATWG parser refuses: it throws where the answer is "not signed";
 * - parameters called __proto__: an object made the usual way loses them;
 * - a body that is no UTF-8: it hashes the text, not the bytes;
 * - bodySHA256 in upper case: it compares letters, not the hash;
 * - a fragment: it signs it, but none is ever sent;
 * - more than 1,000 query parameters, where Node's querystring stops.
 */

const token = "0123456789abcdef0123456789abcdef";
const text = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.string({ unit: "grapheme", maxLength: 6 }).map((value) => value.toWellFormed()),
  fc.constantFrom("+15555550101", "", " ", "a b", "é", "O'hara", "1", "10", "2"),
);
const key = fc
  .oneof(text, fc.constantFrom("From", "To", "a", "B", "MessagingBinding.Address", "10", "9"))
  .filter((name) => name !== "__proto__");
const parameters = fc.array(fc.tuple(key, text), { maxLength: 8 });
const urlPiece = fc.constantFrom(
  ..."a b c / /../ /./ // %20 %7e %27 %zz % ' | ~ ! * ( ) ; : @ , $ [ ] { } ^ \\ é ? & = + == && a=1 a=2 10=x 9=y %C3%A9 %E9".split(
    " ",
  ),
);
const target = fc
  .tuple(fc.array(urlPiece, { maxLength: 6 }), fc.option(fc.array(urlPiece, { maxLength: 10 })))
  .map(([path, query]) => `/${path.join("").replaceAll("?", "")}${query === null ? "" : `?${query.join("")}`}`);
const publicUrl = fc.constantFrom(
  "https://hooks.example.com",
  "https://hooks.example.com:443",
  "https://hooks.example.com:8443",
  "http://hooks.example.com",
  "http://hooks.example.com:80",
  "https://user:pass@hooks.example.com",
  "https://user@hooks.example.com:8080",
  "https://Hooks.Example.com/Prefix",
  "https://[::1]:8443",
  "https://hooks.example.com/a/b",
);

/** Ways to sign a URL: those products use, and some that nobody should accept. */
const spellings: ((url: string) => string)[] = [
  (url) => url,
  (url) => new URL(url).href,
  (url) => url.replace(/^(https?:\/\/(?:[^/@]*@)?(?:\[[^\]]*\]|[^/:?]*))(?::\d+)?/i, "$1"),
  (url) => url.replace(/^(https:\/\/(?:[^/@]*@)?(?:\[[^\]]*\]|[^/:?]*))(?::\d+)?/i, "$1:443"),
  (url) => new URL(url).href.replace(/^(http:\/\/(?:[^/@]*@)?(?:\[[^\]]*\]|[^/:?]*))(?::\d+)?/i, "$1:80"),
  (url) => url.replaceAll("'", "%27"),
  (url) => new URL(url).href.replaceAll("%27", "'"),
  (url) => {
    const parsed = new URL(url);
    return `${parsed.origin}${parsed.pathname}?${parsed.searchParams}`;
  },
  (url) => url.replaceAll("+", "%20"),
  (url) => url.replace(/\?$/, ""),
  (url) => `${url}/`,
  (url) => url.toLowerCase(),
];

function grouped(fields: FormFields): Record<string, string | string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of fields) values.set(name, [...(values.get(name) ?? []), value]);
  return Object.fromEntries([...values].map(([name, all]) => [name, all.length === 1 ? (all[0] ?? "") : all]));
}

describe("our verdict and Twilio's validator's", () => {
  it("agree on forms", () => {
    const verdicts = { valid: 0, refused: 0 };
    fc.assert(
      fc.property(
        publicUrl,
        target,
        parameters,
        fc.constantFrom(...spellings),
        fc.nat(9),
        (base, path, fields, spell, luck) => {
          const url = base + path;
          fc.pre(URL.canParse(url));
          // One in ten is signed with another token.
          const signature = signatureOf(luck === 0 ? `${token}0` : token, spell(url), fields);
          const expected = twilio.validateRequest(token, signature, url, grouped(fields));
          const verdict = verifyFormSignature({ publicUrl: base, target: path, fields, signature, tokens: [token] });
          verdicts[expected ? "valid" : "refused"]++;
          expect(verdict).toBe(expected);
        },
      ),
      { numRuns: 4000 },
    );
    // Neither side may be empty, or the agreement says nothing.
    expect(verdicts.valid).toBeGreaterThan(500);
    expect(verdicts.refused).toBeGreaterThan(200);
  });

  it("agree on JSON bodies", () => {
    fc.assert(
      fc.property(publicUrl, target, text, text, fc.constantFrom(...spellings), (base, path, body, received, spell) => {
        const hash = createHash("sha256").update(body).digest("hex");
        const signed = `${path}${path.includes("?") ? "&" : "?"}bodySHA256=${hash}`;
        const url = base + signed;
        fc.pre(URL.canParse(url));
        const signature = signatureOf(token, spell(url));
        for (const bytes of [body, received]) {
          const expected = twilio.validateRequestWithBody(token, signature, url, bytes);
          const verdict = verifyJsonSignature({
            publicUrl: base,
            target: signed,
            body: Buffer.from(bytes),
            signature,
            tokens: [token],
          });
          expect(verdict === "ok").toBe(expected);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("nothing that is changed passes", () => {
  const change = (value: string, at: number) => {
    const index = at % value.length;
    const replacement = value[index] === "x" ? "y" : "x";
    return value.slice(0, index) + replacement + value.slice(index + 1);
  };
  const changes = fc.record({
    // Each key once: of equal values of one key Twilio signs one.
    fields: fc.uniqueArray(
      fc.tuple(
        key,
        text.filter((value) => value !== ""),
      ),
      { minLength: 1, maxLength: 6, selector: ([name]) => name },
    ),
    at: fc.nat(),
  });

  it("not a parameter, not the URL, not the signature, not the token", () => {
    fc.assert(
      fc.property(changes, ({ fields, at }) => {
        const base = { publicUrl: "https://hooks.example.com", target: "/twilio/debugger?source=main" };
        const signature = signatureOf(token, base.publicUrl + base.target, fields);
        const good = { ...base, fields, signature, tokens: [token] };
        expect(verifyFormSignature(good)).toBe(true);
        const index = at % fields.length;
        const changed = fields.map(
          ([name, value], position) => [name, position === index ? change(value, at) : value] as const,
        );
        expect(verifyFormSignature({ ...good, fields: changed })).toBe(false);
        expect(verifyFormSignature({ ...good, target: `/${change(base.target.slice(1), at)}` })).toBe(false);
        expect(verifyFormSignature({ ...good, publicUrl: `https://${change("hooks.example.com", at)}` })).toBe(false);
        expect(verifyFormSignature({ ...good, signature: change(signature, at) })).toBe(false);
        expect(verifyFormSignature({ ...good, tokens: [change(token, at)] })).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it("not a byte of a JSON body", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, at, flip) => {
          const body = Buffer.from(bytes);
          const target = `/twilio/events?bodySHA256=${createHash("sha256").update(body).digest("hex")}`;
          const publicUrl = "https://hooks.example.com";
          const signature = signatureOf(token, publicUrl + target);
          const request = { publicUrl, target, signature, tokens: [token] };
          expect(verifyJsonSignature({ ...request, body })).toBe("ok");
          const forged = Buffer.from(body);
          const index = at % body.length;
          forged[index] = (forged[index] ?? 0) ^ flip;
          expect(verifyJsonSignature({ ...request, body: forged })).toBe("body_hash_mismatch");
        },
      ),
      { numRuns: 500 },
    );
  });
});
