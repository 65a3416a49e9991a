/*
 * A parent's token opens its subaccounts only under api.twilio.com; Proxy, Conversations and all other products answer it
 * for the parent itself (https://www.twilio.com/docs/iam/api/subaccount). So the subaccount's own token is fetched with
 * it, used in its place and kept in memory only.
 */
import { type JsonObject, textField } from "../core/json.ts";
import type { TwilioAnswer, TwilioFailure } from "../pipeline/ports.ts";
import type { Owner } from "../pipeline/resource-ports.ts";
import { apiUrl } from "./base-url.ts";
import type { Credential } from "./credentials.ts";

/** How a request for a subaccount may sign in, when only its parent's credentials are known. */
export interface Borrowed {
  readonly credentials: readonly Credential[];
  /** The parent's own credentials: answers may be about the parent, and have to be checked. */
  readonly areParents: boolean;
}

/** Finds the tokens of subaccounts. */
export interface Subaccounts {
  /** A failure when Twilio may still tell, later. */
  credentialsOf(owner: Owner, parents: readonly Credential[]): Promise<Borrowed | TwilioFailure>;
  /** Twilio refused it: it was changed since, and is fetched anew next time. */
  forget(credential: Credential): void;
}

/** How long it is believed that a subaccount's token is not to be had, in milliseconds. */
const hopelessMs = 60_000;

/** Builds {@link Subaccounts}. `get` reads one URL with one credential; `now` is monotonic, in milliseconds. */
export function createSubaccounts(
  get: (as: Credential, owner: Owner, url: string | null) => Promise<TwilioAnswer<JsonObject>>,
  now: () => number,
): Subaccounts {
  const hopelessUntil = new Map<string, number>();
  const known = new Map<string, Promise<Borrowed | TwilioFailure>>();

  async function ask(owner: Owner, parents: readonly Credential[]): Promise<Borrowed | TwilioFailure> {
    const url = apiUrl("api.twilio.com", ["2010-04-01", "Accounts", `${owner.account}.json`]);
    for (const parent of parents) {
      const answer = await get(parent, owner, url);
      if (!answer.ok) {
        if (answer.retry) return answer;
        continue;
      }
      const password = textField(answer.value, "auth_token");
      if (password === null || textField(answer.value, "sid") !== owner.account) continue;
      const credential = { account: owner.account, username: owner.account, password };
      return { credentials: [credential], areParents: false };
    }
    return { credentials: parents, areParents: true };
  }

  return {
    async credentialsOf(owner, parents) {
      if ((hopelessUntil.get(owner.account) ?? 0) > now()) return { credentials: parents, areParents: true };
      const found = known.get(owner.account);
      if (found !== undefined) return await found;
      const asked = ask(owner, parents);
      known.set(owner.account, asked);
      const result = await asked;
      if (!("credentials" in result) || result.areParents) known.delete(owner.account);
      if ("credentials" in result && result.areParents) hopelessUntil.set(owner.account, now() + hopelessMs);
      return result;
    },
    forget({ account, username }) {
      if (account === username) known.delete(account);
    },
  };
}

/**
 * Whether an answer is about this account. Sids are the same nowhere else, so what a path with one shows is what was meant;
 * anything else says whose it is. An empty list does not, so it is nobody's.
 */
export function isAbout(account: string, url: string, body: JsonObject): boolean {
  if (/\/[A-Z]{2}[0-9a-fA-F]{32}(?:\/|\?|$)/.test(url)) return true;
  if (textField(body, "account_sid") !== null) return textField(body, "account_sid") === account;
  const lists = Object.values(body).filter((value) => Array.isArray(value));
  const rows = lists.flat();
  return rows.length > 0 && rows.every((row) => textField(row, "account_sid") === account);
}
