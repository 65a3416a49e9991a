import type { Read, Unread, UnreadReason } from "../../core/diagnosis/facts.ts";
import type { Clock, TwilioAnswer, TwilioFailure } from "../ports.ts";
import type { CallMeter, Listing, ListLimit, Owner, ResourceReader } from "../resource-ports.ts";

/** What one diagnosis may ask of Twilio. */
export const askingLimits = { calls: 25, ms: 10_000, pages: 10 } as const;

/** One diagnosis asking Twilio: every answer becomes a fact, every failure too, and it all stays within bounds. */
export interface Asking {
  readonly owner: Owner & { readonly meter: CallMeter };
  readonly resources: ResourceReader;
  /** A single resource; a 404 is an answer: there is none. `path` is shown as the source, e.g. `/v1/Services/KS…`. */
  one<T>(path: string, ask: (owner: Owner) => Promise<TwilioAnswer<T>>): Promise<Read<T | null>>;
  /** A list, as far as the bounds allow. */
  list<T>(
    path: string,
    ask: (owner: Owner, limit: ListLimit) => Promise<TwilioAnswer<Listing<T>>>,
  ): Promise<Read<readonly T[]>>;
  /** A source that was not asked, and why. */
  unread(source: string, reason: UnreadReason): Unread;
  /** A value nobody had to ask Twilio for. */
  known<T>(source: string, value: T): Read<T>;
  /** The first failure, when nothing at all could be read of Twilio; null when something could, or nothing was asked. */
  failure(): TwilioFailure | null;
  /** The first failure after which another attempt may read more, null when there was none. */
  worthRetrying(): TwilioFailure | null;
  /** Calls left. */
  callsLeft(): number;
}

/** Starts asking on behalf of an account. */
export function startAsking(
  resources: ResourceReader,
  clock: Clock,
  owner: { readonly account: string; readonly parentAccount: string | null },
): Asking {
  const meter: CallMeter = { calls: 0, ms: 0, maxCalls: askingLimits.calls };
  let answered = false;
  let firstFailure: TwilioFailure | null = null;
  let retryable: TwilioFailure | null = null;

  const callsLeft = () => (meter.ms >= askingLimits.ms ? 0 : Math.max(0, askingLimits.calls - meter.calls));
  const at = () => clock.now().toISOString();
  const unread = (source: string, reason: UnreadReason): Unread => ({ ok: false, reason, source, at: at() });
  // Of the last requests it cannot be told whether Twilio refused them or the bound did: the bound is what counts then.
  const reasonOf = ({ reason }: TwilioFailure): UnreadReason =>
    reason === "rate_limited" && callsLeft() === 0 ? "budget_used_up" : reason;
  const note = (answer: TwilioAnswer<unknown>): void => {
    if (answer.ok || answer.reason === "not_found") answered = true;
    else firstFailure ??= answer;
    if (!answer.ok && answer.retry) retryable ??= answer;
  };

  return {
    owner: { ...owner, meter },
    resources,
    async one(path, ask) {
      const source = `GET ${path}`;
      if (callsLeft() === 0) return unread(source, "budget_used_up");
      const answer = await ask({ ...owner, meter });
      note(answer);
      if (answer.ok) return { ok: true, value: answer.value, source, at: at() };
      return answer.reason === "not_found"
        ? { ok: true, value: null, source, at: at() }
        : unread(source, reasonOf(answer));
    },
    async list(path, ask) {
      const source = `GET ${path}`;
      if (callsLeft() === 0) return unread(source, "budget_used_up");
      const answer = await ask({ ...owner, meter }, { maxPages: Math.min(askingLimits.pages, callsLeft()) });
      note(answer);
      if (!answer.ok) return unread(source, reasonOf(answer));
      const { items, cutShort, readAt } = answer.value;
      return { ok: true, value: items, source, at: readAt ?? at(), ...(cutShort === null ? {} : { cutShort: true }) };
    },
    unread,
    known: (source, value) => ({ ok: true, value, source, at: at() }),
    failure: () => (answered ? null : firstFailure),
    worthRetrying: () => retryable,
    callsLeft,
  };
}
