import { z } from "zod";
import { Secret } from "../core/secret.ts";
import type { Settings } from "./settings.ts";

/** An account whose deliveries are taken. */
export interface Account {
  readonly sid: string;
  /** For people; never a label. */
  readonly name: string | null;
  /** Auth tokens that may have signed; the first is used for the REST API. Several while rotating. */
  readonly tokens: readonly Secret[];
}

/** An account's sid as Twilio writes it. */
export const AccountSid = z.string().regex(/^AC[0-9a-fA-F]{32}$/);

/** The account of the environment, from TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN (comma-separated while rotating). */
export function accountFromEnvironment(settings: Settings): Account | null {
  const sid = settings.text("TWILIO_ACCOUNT_SID");
  const secret = settings.secret("TWILIO_AUTH_TOKEN");
  const tokens = tokensOf(secret?.reveal() ?? "");
  if (secret !== null && tokens.length === 0) {
    // Without this, a lone comma would count as "no token" and unsigned deliveries would be taken.
    const fix = "copy the token from the Console's start page";
    settings.wrong("TWILIO_AUTH_TOKEN", "auth tokens separated by commas", "commas only", fix);
  }
  if (sid === null && secret !== null) {
    settings.wrong("TWILIO_ACCOUNT_SID", "the account the token belongs to", "nothing", "set TWILIO_ACCOUNT_SID=AC…");
  }
  if (sid === null) return null;
  if (!AccountSid.safeParse(sid).success) {
    // Not quoted: the token is easily pasted here instead.
    const fix = "copy it from the Console's start page";
    settings.wrong("TWILIO_ACCOUNT_SID", "AC and 32 hexadecimal digits", `${sid.length} other characters`, fix);
    return null;
  }
  return { sid, name: null, tokens };
}

/** Tokens of one text: separated by commas or line breaks, the space around them left out. */
export function tokensOf(text: string): Secret[] {
  return text
    .split(/[,\n]/)
    .map((token) => token.trim())
    .filter((token) => token !== "")
    .map((token) => new Secret(token));
}

/** One entry an account, in the order they are first named; what is said of an account in several places adds up. */
export function mergeAccounts(accounts: readonly Account[]): ReadonlyMap<string, Account> {
  const merged = new Map<string, Account>();
  for (const { sid, name, tokens } of accounts) {
    const known = merged.get(sid);
    const all = [...(known?.tokens ?? []), ...tokens];
    const distinct = new Map(all.toReversed().map((token) => [token.reveal(), token]));
    const kept = all.filter((token) => distinct.get(token.reveal()) === token);
    merged.set(sid, Object.freeze({ sid, name: known?.name ?? name, tokens: Object.freeze(kept) }));
  }
  return merged;
}
