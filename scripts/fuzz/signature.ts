import { verifyFormSignature, verifyJsonSignature } from "../../src/core/signature.ts";
import { parseForm } from "../../src/core/wire/form.ts";
import { type FormParams, signForm, signJson } from "../../test/support/sign.ts";
import { mutated } from "./mutate.ts";
import type { Target } from "./targets.ts";

const token = "0123456789abcdef0123456789abcdef";
const tokens = ["another", token];
const publicUrl = "https://hooks.example.com/prefix";

/**
 * The signature check, against a signer written apart from it. The input is one byte that says what to do, a line for the
 * target and the body.
 */
export function signatureTarget(corpus: readonly Buffer[]): Target {
  const own = corpus.map((body) => Buffer.concat([Buffer.from("0/twilio/debugger?a=b&c=%20d\n"), body]));
  return {
    name: "signature",
    corpus: own,
    make: (dice) => ({ input: mutated(dice.pick(own), dice, own), hasCanary: false }),
    run({ input }) {
      const text = input.subarray(1).toString("utf8");
      const end = text.indexOf("\n");
      const target = `/${text.slice(0, Math.max(0, end)).replaceAll("#", "")}`;
      const body = Buffer.from(text.slice(end + 1));
      return (input[0] ?? 0) % 2 === 0 ? formFault(target, body) : jsonFault(target, body);
    },
  };
}

function formFault(target: string, body: Buffer): string | null {
  const form = parseForm(body);
  const params = paramsOf(body);
  if (!form.ok) return null;
  const request = { publicUrl, target, fields: form.fields };
  const signature = signForm(token, publicUrl + target, params);
  const fault = garbageFault((given) => verifyFormSignature({ ...request, tokens, signature: given }), signature);
  if (fault !== null) return fault;
  if (!verifyFormSignature({ ...request, signature, tokens })) return "a right signature was refused";
  if (verifyFormSignature({ ...request, signature, tokens: ["another"] })) return "a wrong token was taken";
  const other = [...form.fields, ["zqxj", "1"]] as const;
  if (verifyFormSignature({ ...request, fields: other, signature, tokens })) return "a further field was taken";
  return null;
}

function jsonFault(target: string, body: Buffer): string | null {
  // A hash that stands there already would be the one that counts.
  if (/bodySHA256/i.test(decoded(target))) return null;
  const { url, signature } = signJson(token, publicUrl + target, body);
  const request = { publicUrl, target: url.slice(publicUrl.length), body };
  const fault = garbageFault(
    (given) => verifyJsonSignature({ ...request, tokens, signature: given }) === "ok",
    signature,
  );
  if (fault !== null) return fault;
  const right = verifyJsonSignature({ ...request, signature, tokens });
  if (right !== "ok") return `a right signature met ${right}`;
  const changed = Buffer.concat([body, Buffer.from(" ")]);
  if (verifyJsonSignature({ ...request, body: changed, signature, tokens }) !== "body_hash_mismatch")
    return "another body";
  if (verifyJsonSignature({ ...request, signature, tokens: ["another"] }) !== "wrong_signature") return "a wrong token";
  return null;
}

function garbageFault(isTaken: (signature: string) => boolean, right: string): string | null {
  const others = [
    "",
    "=",
    right.slice(0, -1),
    `${right}=`,
    ` ${right}`,
    right.toLowerCase(),
    "A".repeat(28),
    "\0",
    right + right,
  ];
  const taken = others.find((other) => other !== right && isTaken(other));
  return taken === undefined ? null : `the signature ${JSON.stringify(taken)} was taken for ${right}`;
}

/** The parameters as the platform's own parser reads them. */
export function paramsOf(body: Buffer): FormParams {
  const params: Record<string, string[]> = Object.create(null);
  // Encoded, since Node's parser makes other characters of what is neither ASCII nor encoded, where there is a stray `%`.
  const text = body.toString("utf8").replace(/[^\0-\x7f]+/g, encodeURIComponent);
  // A leading `?` would be taken off.
  for (const [key, value] of new URLSearchParams(`&${text}`)) {
    params[key] ??= [];
    params[key].push(value);
  }
  return params;
}

function decoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
