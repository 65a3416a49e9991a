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

/** Builds {@link Subaccounts}. `get` reads one URL with one credential. */
export function createSubaccounts(
  get: (as: Credential, owner: Owner, url: string | null) => Promise<TwilioAnswer<JsonObject>>,
): Subaccounts {
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
      const found = known.get(owner.account);
      if (found !== undefined) return await found;
      const asked = ask(owner, parents);
      known.set(owner.account, asked);
      const result = await asked;
      // What failed is asked again next time; what Twilio will not tell is, too, but that costs one request an event.
      if (!("credentials" in result) || result.areParents) known.delete(owner.account);
      return result;
    },
    forget({ account, username }) {
      if (account === username) known.delete(account);
    },
  };
}

/**
 * Whether an answer is about this account: a resource, or a list of some, says whose it is. An empty list does not, so it
 * is nobody's.
 */
export function isAbout(account: string, body: JsonObject): boolean {
  if (textField(body, "account_sid") !== null) return textField(body, "account_sid") === account;
  const lists = Object.values(body).filter((value) => Array.isArray(value));
  const rows = lists.flat();
  return rows.length > 0 && rows.every((row) => textField(row, "account_sid") === account);
}
