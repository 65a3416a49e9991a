/** What signs in to Twilio's REST API. */
export interface Credential {
  /** The account it belongs to; Twilio limits requests per account. */
  readonly account: string;
  readonly username: string;
  readonly password: string;
}

/** What is configured. */
export interface CredentialOptions {
  /** Auth tokens by account sid, the primary first. */
  readonly accounts: ReadonlyMap<string, readonly string[]>;
  /** An API key, preferred to the tokens of its account. https://www.twilio.com/docs/iam/api-keys */
  readonly apiKey?: { readonly account: string; readonly key: string; readonly secret: string } | null;
}

/** Finds credentials. */
export interface Credentials {
  /** Of an account itself; those to try first come first. Empty when there are none. */
  of(account: string | null): readonly Credential[];
  /** Twilio refused this one: while a token is rotated out the other is right, and shall be tried first from now on. */
  refused(credential: Credential): void;
}

/** Builds {@link Credentials}. */
export function createCredentials(options: CredentialOptions): Credentials {
  const byAccount = new Map<string, readonly Credential[]>();
  for (const [account, tokens] of options.accounts) {
    byAccount.set(
      account,
      tokens.map((password) => ({ account, username: account, password })),
    );
  }
  if (options.apiKey) {
    const { account, key, secret } = options.apiKey;
    byAccount.set(account, [{ account, username: key, password: secret }, ...(byAccount.get(account) ?? [])]);
  }
  return {
    of: (account) => byAccount.get(account ?? "") ?? [],
    refused(credential) {
      const all = byAccount.get(credential.account) ?? [];
      if (!all.includes(credential)) return;
      byAccount.set(credential.account, [...all.filter((other) => other !== credential), credential]);
    },
  };
}
