import type twilio from "twilio";
import type { JsonObject } from "../core/json.ts";
import type { Clock, HttpTelemetry, Log, Telemetry, TwilioAnswer, TwilioFailure } from "../pipeline/ports.ts";
import type { Owner } from "../pipeline/resource-ports.ts";
import type { Tracing } from "../pipeline/trace-ports.ts";
import type { TwilioApi } from "./apis.ts";
import { type Budget, createBudget } from "./budget.ts";
import { type Credential, type CredentialOptions, createCredentials } from "./credentials.ts";
import { CallFailed, failure } from "./failure.ts";
import { type Borrowed, createSubaccounts, isAbout } from "./subaccounts.ts";

/** Tries of one call when Twilio answers 429; what is left after that is the queue's to retry. */
const triesWhenLimited = 2;

/** The wait before the second try is a random part of this, in milliseconds. */
const backoffMs = 1_000;

/** A longer Retry-After is handed on instead of waited for, in milliseconds. */
const longestWaitMs = 2_000;

/** How Twilio is asked. */
export interface RestOptions extends CredentialOptions {
  /** TWILIO_API_BASE_URL, null for Twilio itself. */
  readonly baseUrl: string | null;
  readonly telemetry: Pick<Telemetry, "twilioRequest"> & Partial<Pick<HttpTelemetry, "httpRequested">>;
  readonly tracing?: Tracing;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** Of one request. Default 5,000. */
  readonly timeoutMs?: number;
  /** Requests at once per account. Default 4. */
  readonly concurrency?: number;
  /** Requests a second per account. Default 5. */
  readonly requestsPerSecond?: number;
}

/** Twilio's REST API: any call, within limits, its outcome as data. Never rejects. */
export interface Rest {
  /**
   * Reads one URL of Twilio's API as JSON, as the owner. `api` names it for the metric, e.g. `monitor.alerts.fetch`. A null
   * URL, from a sid that cannot be one, is `client_error`; when the owner may make no more calls, `rate_limited`.
   */
  get(owner: Owner, api: TwilioApi, url: string | null): Promise<TwilioAnswer<JsonObject>>;
}

/** Builds {@link Rest}. */
export function createRest(options: RestOptions): Rest {
  const credentials = createCredentials(options);
  let loaded: ReturnType<typeof loadPackage> | null = null;
  const budgets = new Map<string, Budget>();
  const refusedOnce = new Set<Credential>();

  function budgetOf(account: string): Budget {
    const existing = budgets.get(account);
    if (existing !== undefined) return existing;
    const created = createBudget({
      concurrency: options.concurrency ?? 4,
      perSecond: options.requestsPerSecond ?? 5,
      now: () => performance.now(),
      after: (milliseconds, run) => setTimeout(run, milliseconds),
    });
    budgets.set(account, created);
    return created;
  }

  async function tryOnce<T>(as: Credential, owner: Owner, call: Call<T>): Promise<TwilioAnswer<T>> {
    loaded ??= loadPackage(options);
    const { createClient, httpClient } = await loaded;
    try {
      // Empty edge and region: the package would take them, and debug output, from the environment.
      const client = createClient(as.username, as.password, {
        accountSid: owner.account,
        httpClient,
        edge: "",
        region: "",
        logLevel: "error",
      });
      return { ok: true, value: await call(client) };
    } catch (error) {
      // Anything else is the package refusing the arguments, before it asks.
      return error instanceof CallFailed ? error.failure : failure("client_error", false);
    }
  }

  async function tryWithin<T>(as: Credential, owner: Owner, api: TwilioApi, call: Call<T>): Promise<TwilioAnswer<T>> {
    for (let tries = 1; ; tries += 1) {
      if (!mayCall(owner)) return failure("rate_limited", true);
      const answer = await budgetOf(as.account).run(() => metered(owner, () => tryOnce(as, owner, call)), owner.meter);
      options.telemetry.twilioRequest(api, answer.ok ? "ok" : answer.reason);
      if (answer.ok || answer.reason !== "rate_limited" || tries === triesWhenLimited) return answer;
      const wait = answer.retryAfterMs ?? Math.ceil(options.random() * backoffMs);
      if (wait > longestWaitMs) return answer;
      await new Promise<void>((resolve) => {
        setTimeout(resolve, wait);
      });
    }
  }

  function tell(api: TwilioApi, as: Credential, failed: TwilioFailure): void {
    const fields = { api, account: as.account, reason: failed.reason };
    if (failed.reason !== "unauthorized") {
      options.log.debug(fields, "Twilio request failed");
    } else if (!refusedOnce.has(as)) {
      refusedOnce.add(as);
      options.log.warn(fields, "Twilio refused the credentials of an account");
    }
  }

  const subaccounts = createSubaccounts(
    async (as, owner, url) => await tryWithin(as, owner, "api.accounts.fetch", fetchJson(url)),
    () => performance.now(),
  );

  /** How to sign in for this account: with its own credentials, else with what its parent's give. */
  async function waysIn(owner: Owner): Promise<Borrowed | TwilioFailure> {
    const own = credentials.of(owner.account);
    const parents = own.length > 0 ? [] : credentials.of(owner.parentAccount);
    if (parents.length === 0) return { credentials: own, areParents: false };
    return await subaccounts.credentialsOf(owner, parents);
  }

  async function request<T>(
    owner: Owner,
    api: TwilioApi,
    call: Call<T>,
    isAboutOwner: (value: T) => boolean,
  ): Promise<TwilioAnswer<T>> {
    const ways = await waysIn(owner);
    if (!("credentials" in ways)) return ways;
    let answer: TwilioAnswer<T> = failure("no_credentials", false);
    if (ways.credentials.length === 0) options.telemetry.twilioRequest(api, "no_credentials");
    for (const candidate of ways.credentials) {
      answer = await tryWithin(candidate, owner, api, call);
      // To its parent a subaccount's resource is not there, and a list of the parent's own says nothing about it.
      const isOther = ways.areParents && (answer.ok ? !isAboutOwner(answer.value) : answer.reason === "not_found");
      if (isOther) answer = failure("unauthorized", false);
      if (answer.ok) return answer;
      tell(api, candidate, answer);
      if (answer.reason !== "unauthorized") return answer;
      credentials.refused(candidate);
      subaccounts.forget(candidate);
    }
    return answer;
  }

  return {
    get: async (owner, api, url) =>
      url === null
        ? failure("client_error", false)
        : await request(owner, api, fetchJson(url), (body) => isAbout(owner.account, url, body)),
  };
}

/** The twilio package is loaded for the first request, not at the start: 10 MiB of heap and 0.14 s of the processor. */
async function loadPackage(options: RestOptions) {
  const [{ default: createClient }, { HttpClient }] = await Promise.all([import("twilio"), import("./http-client.ts")]);
  const httpClient = new HttpClient({
    baseUrl: options.baseUrl,
    timeoutMs: options.timeoutMs ?? 5_000,
    clock: options.clock,
    telemetry: options.telemetry,
    ...(options.tracing !== undefined && { tracing: options.tracing }),
  });
  return { createClient, httpClient };
}

function fetchJson(url: string | null): Call<JsonObject> {
  return async (client) => {
    const answer: { body: JsonObject } = await client.request({ method: "get", uri: url ?? "" });
    return answer.body;
  };
}

/** Counts a request about to be made; false when this diagnosis has made all it may. */
function mayCall({ meter }: Owner): boolean {
  if (meter === undefined) return true;
  if (meter.calls >= (meter.maxCalls ?? Number.POSITIVE_INFINITY)) return false;
  meter.calls += 1;
  return true;
}

async function metered<T>({ meter }: Owner, run: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await run();
  if (meter !== undefined) {
    meter.ms += performance.now() - started;
  }
  return result;
}

type Call<T> = (client: twilio.Twilio) => Promise<T>;
