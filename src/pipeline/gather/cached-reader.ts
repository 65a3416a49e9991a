import type { Clock, TwilioAnswer } from "../ports.ts";
import type { Listing, Owner, ResourceReader } from "../resource-ports.ts";

/** How long an answer is shared between diagnoses, in milliseconds. */
const freshMs = 60_000;

/** Answers kept at most; beyond that the oldest goes. A list of 100 Sessions takes about 50 KB. */
const maxKept = 500;

/**
 * Shares what scans read between diagnoses for a minute: a storm of incidents of one Service lists its Sessions once.
 * A question under way is shared too. Single resources, whose state decides a verdict, are always asked afresh, and a
 * failure is never kept.
 */
export function cachedReader(reader: ResourceReader, clock: Clock): ResourceReader {
  const kept = new Map<string, { readonly until: number; readonly answer: Promise<TwilioAnswer<unknown>> }>();

  function shared<T>(key: readonly string[], ask: () => Promise<TwilioAnswer<T>>): Promise<TwilioAnswer<T>> {
    const name = JSON.stringify(key);
    const now = clock.now().getTime();
    const found = kept.get(name);
    // The key names the question, so an answer kept under it has the type of this question.
    if (found !== undefined && found.until > now) return found.answer as Promise<TwilioAnswer<T>>;
    const answer = ask();
    kept.delete(name);
    kept.set(name, { until: now + freshMs, answer });
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
    maxPages: number,
    ask: () => Promise<TwilioAnswer<Listing<T>>>,
  ): Promise<TwilioAnswer<Listing<T>>> {
    const answer = await shared(key, ask);
    if (!answer.ok || answer.value.cutShort === null || answer.value.pages >= maxPages) return answer;
    return await ask();
  }

  const of = (owner: Owner) => [owner.account, owner.parentAccount ?? ""];
  return {
    ...reader,
    proxyServices: (owner, limit) =>
      sharedList(["services", ...of(owner)], limit.maxPages, () => reader.proxyServices(owner, limit)),
    proxySessions: (owner, service, limit) =>
      sharedList(["sessions", ...of(owner), service], limit.maxPages, () =>
        reader.proxySessions(owner, service, limit),
      ),
    proxyParticipants: (owner, service, session, limit) =>
      sharedList(["participants", ...of(owner), service, session], limit.maxPages, () =>
        reader.proxyParticipants(owner, service, session, limit),
      ),
    proxyPhoneNumbers: (owner, service, limit) =>
      sharedList(["numbers", ...of(owner), service], limit.maxPages, () =>
        reader.proxyPhoneNumbers(owner, service, limit),
      ),
  };
}
