import { type ErrorEvent, type ErrorWebhook, errorEvent } from "../support/sign.ts";
import type { AccountSetup, SimulatedAccount } from "../support/simulated-twilio/account.ts";
import { defaultAccount, type SimulatedTwilio, startSimulatedTwilio } from "../support/simulated-twilio/server.ts";

/** A request to Twilio's API, in the names of its forms. A list is a parameter that occurs several times. */
export interface ApiRequest {
  readonly method?: "POST" | "DELETE";
  /** E.g. `https://proxy.twilio.com/v1/Services/KS…/Sessions`. */
  readonly url: string;
  readonly form?: Readonly<Record<string, string | readonly string[]>>;
  /** The account that asks; absent: the first. */
  readonly account?: AccountSetup;
}

/** A simulated Twilio, the time in it, and ways to act on it. */
export interface Stage {
  readonly twilio: SimulatedTwilio;
  /** The first account. */
  readonly account: SimulatedAccount;
  now(): Date;
  /** Puts the clock so many seconds before the end of the story. */
  ago(seconds: number): void;
  /** Lets time pass. */
  pass(seconds: number): void;
  /** Sends a request to the API; returns Twilio's error code, 0 when it was carried out. */
  send(request: ApiRequest): Promise<number>;
  /** Sends a request that Twilio must refuse with this code. @throws Error when it does not: the stage is set wrongly */
  refused(request: ApiRequest, code: number): Promise<void>;
}

export const minute = 60;
export const hour = 60 * minute;
export const day = 24 * hour;

/** When every story ends, and most of their actions fail. */
const end = new Date("2026-01-15T10:00:00.000Z");

/** Starts a simulated Twilio with a clock of its own. */
export async function createStage(accounts: readonly AccountSetup[] = [defaultAccount]): Promise<Stage> {
  let now = end.getTime();
  const twilio = await startSimulatedTwilio({ accounts, now: () => new Date(now) });

  async function send({ method = "POST", url, form = {}, account = accounts[0] }: ApiRequest): Promise<number> {
    const body = new URLSearchParams();
    for (const [name, value] of Object.entries(form)) {
      for (const one of typeof value === "string" ? [value] : value) body.append(name, one);
    }
    const login = Buffer.from(`${account?.sid}:${account?.tokens[0]}`).toString("base64");
    const answer = await fetch(url.replace("https://", `${twilio.baseUrl}/`), {
      method,
      headers: { authorization: `Basic ${login}` },
      ...(method === "POST" ? { body } : {}),
    });
    if (answer.status < 400) {
      await answer.body?.cancel();
      return 0;
    }
    const refusal: unknown = await answer.json();
    const code = typeof refusal === "object" && refusal !== null && "code" in refusal ? refusal.code : null;
    return typeof code === "number" ? code : -1;
  }

  return {
    twilio,
    account: twilio.state.account(),
    now: () => new Date(now),
    ago(seconds) {
      now = end.getTime() - seconds * 1000;
    },
    pass(seconds) {
      now += seconds * 1000;
    },
    send,
    async refused(request, code) {
      const answered = await send(request);
      if (answered !== code) throw new Error(`expected Twilio to refuse ${request.url} with ${code}, got ${answered}`);
    },
  };
}

/** The value of a simulated action that must work for the stage to be set. */
export function must<T>(outcome: { readonly ok: true; readonly value: T } | { readonly ok: false }): T {
  if (!outcome.ok) throw new Error("the simulated Twilio refused to set the stage");
  return outcome.value;
}

/** A simulated action that must fail with this code. */
export function mustRefuse(outcome: { readonly ok: boolean; readonly code?: number }, code: number): void {
  const answered = outcome.ok ? 0 : outcome.code;
  if (answered !== code) throw new Error(`expected Twilio to refuse with ${code}, got ${answered}`);
}

/** What Twilio's error log says of an action that has just failed. */
export interface Report {
  readonly code: number;
  readonly resource?: string | null;
  readonly service?: string | null;
  readonly request?: ErrorWebhook["request"];
  readonly response?: ErrorWebhook["response"];
  readonly message?: string;
  readonly account?: string;
  readonly parentAccount?: string;
  /** Makes the sids of events of one story distinct. */
  readonly count?: number;
}

/** The event of a Debugger webhook. Without a request it is the minimal one, which Twilio sends too. */
export function webhookEvent(stage: Stage, report: Report): ErrorEvent {
  const { request, response, count = 1, resource = null, service = null, ...rest } = report;
  const nothing = { status_code: null, headers: {}, body: null };
  const webhook = request === undefined ? null : { type: "application/json", request, response: response ?? nothing };
  return errorEvent({ ...rest, resource, service, webhook, at: stage.now() }, count);
}

/** The event of Event Streams, which carries no request; the Alert that Monitor keeps of it does. */
export function streamEvent(stage: Stage, report: Report): ErrorEvent {
  const { code, request, response, resource = null, service = null } = report;
  const event = bareEvent(stage, report);
  const alert = stage.twilio.state.account(report.account).monitor.addAlert({
    sid: event.sid,
    code,
    level: event.level === "WARNING" ? "warning" : "error",
    text: { Msg: event.message, ...(response?.status_code ? { httpResponse: String(response.status_code) } : {}) },
    method: request?.method ?? null,
    url: request?.url ?? null,
    responseHeaders: response?.headers ?? null,
    responseBody: response?.body ?? null,
    resource,
    service,
  });
  alert.request_variables = request?.parameters === undefined ? null : encoded(request.parameters);
  return event;
}

/** An event that carries no request, and of which Monitor has no Alert. */
export function bareEvent(stage: Stage, report: Report): ErrorEvent {
  const { request: _, response: __, ...rest } = report;
  return webhookEvent(stage, rest);
}

/** A request to Twilio's API as the event of its failure carries it. */
export function asReported({ url, form = {} }: ApiRequest): ErrorWebhook["request"] {
  return { url, method: "POST", headers: {}, parameters: form };
}

/** Parameters as an Alert keeps them: url-encoded, a list as a parameter that occurs several times. */
function encoded(parameters: Readonly<Record<string, unknown>>): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) pairs.append(name, String(one));
  }
  return pairs.toString();
}
