import type { Clock, TwilioAnswer } from "../ports.ts";
import type { Listing, ListLimit, Owner, ResourceReader } from "../resource-ports.ts";

/** How long an answer is shared between diagnoses, in milliseconds. */
const freshMs = 60_000;

/** Answers kept at most; beyond that the oldest goes. A list of 100 Sessions takes about 50 KB. */
const maxKept = 500;

interface Kept {
  readonly until: number;
  readonly readAt: string;
  readonly answer: Promise<TwilioAnswer<unknown>>;
}

/**
 * Shares what scans read between diagnoses for a minute: a storm of incidents of one Service lists its Sessions once.
 * A question under way is shared too. Single resources, whose state decides a verdict, are always asked afresh, and a
 * failure is never kept.
 */
export function cachedReader(reader: ResourceReader, clock: Clock): ResourceReader {
  const kept = new Map<string, Kept>();

  function find(name: string): Kept | null {
    const found = kept.get(name);
    return found !== undefined && found.until > clock.now().getTime() ? found : null;
  }

  function keep<T>(name: string, ask: () => Promise<TwilioAnswer<T>>): Promise<TwilioAnswer<T>> {
    const now = clock.now();
    const answer = ask();
    kept.delete(name);
    kept.set(name, { until: now.getTime() + freshMs, readAt: now.toISOString(), answer });
    for (const oldest of kept.keys()) {
      if (kept.size <= maxKept) break;
      kept.delete(oldest);
    }
    const forget = () => {
      if (kept.get(name)?.answer === answer) kept.delete(name);
    };
    answer.then((result) => (result.ok ? undefined : forget()), forget);
    return answer;
  }

  /** A list that one diagnosis had to cut short is not good enough for one that may read on. */
  async function sharedList<T>(
    key: readonly string[],
    { maxPages, isFresh }: ListLimit,
    ask: () => Promise<TwilioAnswer<Listing<T>>>,
  ): Promise<TwilioAnswer<Listing<T>>> {
    const name = JSON.stringify(key);
    const found = isFresh === true ? null : find(name);
    if (found === null) return await keep(name, ask);
    // The key names the question, so an answer kept under it has the type of this question.
    const answer = (await found.answer) as TwilioAnswer<Listing<T>>;
    if (!answer.ok) return answer;
    if (answer.value.cutShort !== null && answer.value.pages < maxPages) return await keep(name, ask);
    return { ok: true, value: { ...answer.value, readAt: found.readAt } };
  }

  const of = (owner: Owner) => [owner.account, owner.parentAccount ?? ""];
  return {
    ...reader,
    proxyServices: (owner, limit) =>
      sharedList(["services", ...of(owner)], limit, () => reader.proxyServices(owner, limit)),
    proxySessions: (owner, service, limit) =>
      sharedList(["sessions", ...of(owner), service], limit, () => reader.proxySessions(owner, service, limit)),
    proxyParticipants: (owner, service, session, limit) =>
      sharedList(["participants", ...of(owner), service, session], limit, () =>
        reader.proxyParticipants(owner, service, session, limit),
      ),
    proxyPhoneNumbers: (owner, service, limit) =>
      sharedList(["numbers", ...of(owner), service], limit, () => reader.proxyPhoneNumbers(owner, service, limit)),
  };
}
