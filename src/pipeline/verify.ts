import type { RejectReason } from "../core/outcome.ts";
import { verifyFormSignature, verifyJsonSignature } from "../core/signature.ts";
import { type FormFields, formValue, parseForm } from "../core/wire/form.ts";
import type { Delivery } from "./ports.ts";

/** Whose deliveries are taken. */
export interface Trust {
  /** What Twilio was told to call, without the local path: it signs this + path + query. No trailing slash. */
  readonly publicUrl: string;
  /** Auth tokens by account sid; several while rotating. */
  readonly tokensByAccount: ReadonlyMap<string, readonly string[]>;
  /** Only for trying things out on loopback without any token. */
  readonly allowUnsigned: boolean;
}

/** A delivery whose sender is proven, with its form decoded; or why it is refused. */
export type Verified =
  | { readonly ok: true; readonly fields: FormFields | null }
  | { readonly ok: false; readonly reason: RejectReason };

/**
 * Proves that Twilio sent this, on behalf of an account we know.
 * A form names its account, so only that account's tokens (or its parent's) may have signed it. A JSON batch is signed
 * by the owner of the sink, which it does not name, so any configured token may have.
 * https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
export function verify(delivery: Delivery, trust: Trust): Verified {
  if (delivery.bodyType === "form") return verifyForm(delivery, trust);
  if (trust.allowUnsigned) return { ok: true, fields: null };
  if (delivery.signature === null) return { ok: false, reason: "no_signature" };

  const result = verifyJsonSignature({
    publicUrl: trust.publicUrl,
    target: delivery.target,
    body: delivery.body,
    signature: delivery.signature,
    tokens: allTokens(trust),
  });
  return result === "ok" ? { ok: true, fields: null } : { ok: false, reason: result };
}

function verifyForm(delivery: Delivery, trust: Trust): Verified {
  const form = parseForm(delivery.body);
  if (!form.ok) return { ok: false, reason: form.reason };
  if (trust.allowUnsigned) return { ok: true, fields: form.fields };
  if (delivery.signature === null) return { ok: false, reason: "no_signature" };

  const tokens = tokensFor(form.fields, trust);
  if (tokens === null) return { ok: false, reason: "unknown_account" };
  const valid = verifyFormSignature({
    publicUrl: trust.publicUrl,
    target: delivery.target,
    fields: form.fields,
    signature: delivery.signature,
    tokens,
  });
  return valid ? { ok: true, fields: form.fields } : { ok: false, reason: "wrong_signature" };
}

/** Tokens that may have signed a form, null when it names only accounts we do not know. */
function tokensFor(fields: FormFields, trust: Trust): readonly string[] | null {
  const named = ["AccountSid", "ParentAccountSid"]
    .map((key) => formValue(fields, key) ?? "")
    .filter((sid) => sid !== "");
  if (named.length === 0) return allTokens(trust);
  const tokens = named.flatMap((sid) => trust.tokensByAccount.get(sid) ?? []);
  return tokens.length === 0 ? null : tokens;
}

function allTokens(trust: Trust): readonly string[] {
  return [...new Set([...trust.tokensByAccount.values()].flat())];
}
