/*
 * How the receivers do. One that fails is shown by the API and told to the others, once when it begins and once when it ends.
 */
import type { IncidentView } from "../../core/incident-view.ts";
import type { SendFailureReason } from "../../core/notice/notice.ts";
import type { Notifier, ReceiverState } from "../notice-ports.ts";
import type { NewNotice, NoticeStore, ReceiverTally } from "../notice-record-ports.ts";
import type { Clock, Log } from "../ports.ts";
import type { Looker } from "./look.ts";

/** What watching receivers needs. */
export interface ReceiverParts {
  readonly receivers: readonly Pick<Notifier, "name" | "kind">[];
  readonly store: Pick<NoticeStore, "tallies" | "noteFailing">;
  readonly clock: Clock;
  readonly log: Log;
}

/** So many given up in a row, or one tried in vain for so long, in milliseconds, and nothing delivered meanwhile. */
const givenUpInARow = 3;
const inVainMs = 15 * 60_000;

/** Every receiver's state, in the order of the configuration. */
export async function receiverStates(parts: Omit<ReceiverParts, "log">): Promise<readonly ReceiverState[]> {
  const tallies = await parts.store.tallies(parts.receivers.map(({ name }) => name));
  const now = parts.clock.now();
  return parts.receivers.map(({ name, kind }) => {
    const tally = tallies.get(name) ?? nothingYet;
    return {
      name,
      kind,
      state: isFailing(tally, now) ? "failing" : tally.lastDeliveredAt === null ? "unused" : "ok",
      lastDeliveredAt: tally.lastDeliveredAt?.toISOString() ?? null,
      lastFailureAt: tally.lastFailureAt?.toISOString() ?? null,
      lastFailureReason: tally.lastFailureReason,
      givenUpInARow: tally.givenUpInARow,
      pending: tally.pending,
    };
  });
}

/** Builds the chore that tells the others of a receiver that begins or stops failing. */
export function createWatch(parts: ReceiverParts & { readonly dispatch: Looker["dispatch"] }): () => Promise<void> {
  return async function watch() {
    const tallies = await parts.store.tallies(parts.receivers.map(({ name }) => name));
    const now = parts.clock.now();
    for (const { name } of parts.receivers) {
      const tally = tallies.get(name) ?? nothingYet;
      const failing = isFailing(tally, now);
      if (failing === (tally.failingSince !== null)) continue;
      const since = tally.failingSince ?? tally.tryingSince ?? tally.lastFailureAt ?? now;
      const about = aboutReceiver(name, tally, { since, failing, now });
      const others = parts.receivers.filter((other) => other.name !== name);
      const notices = others.map((other) => noticeAbout(other.name, about, now));
      const written = await parts.store.noteFailing(name, failing ? since : null, { view: about, notices }, now);
      if (written === null) continue;
      if (failing) parts.log.error({ receiver: name, reason: tally.lastFailureReason }, "A receiver takes no notices");
      else parts.log.info({ receiver: name }, "A receiver takes notices again");
      await parts.dispatch(written);
    }
  };
}

const nothingYet: ReceiverTally = {
  lastDeliveredAt: null,
  lastFailureAt: null,
  lastFailureReason: null,
  givenUpInARow: 0,
  pending: 0,
  tryingSince: null,
  failingSince: null,
};

function isFailing(tally: ReceiverTally, now: Date): boolean {
  if (tally.givenUpInARow >= givenUpInARow) return true;
  const limit = now.getTime() - inVainMs;
  const delivered = tally.lastDeliveredAt?.getTime() ?? Number.NEGATIVE_INFINITY;
  return tally.tryingSince !== null && tally.tryingSince.getTime() < limit && delivered < limit;
}

/** What people can do about it, by why it fails. */
const fixes: Readonly<Record<SendFailureReason, string>> = {
  authError: "Its key, token or URL was refused: set another one.",
  rateLimited: "It takes no more for now: look for what else uses the same key, or narrow its route.",
  clientError: "It refuses what is sent: check its URL and channel.",
  serverError: "It answers with errors of its own: look at its status page.",
  timeout: "It does not answer in time: check that it can be reached from here.",
  network: "It cannot be reached: check its URL, the proxy and the firewall.",
};

/** In the shape of an incident, so that every receiver can show it. Its time of begin makes it one of its own. */
function aboutReceiver(
  name: string,
  tally: ReceiverTally,
  { since, failing, now }: { readonly since: Date; readonly failing: boolean; readonly now: Date },
): IncidentView {
  const reason = tally.lastFailureReason ?? "network";
  const id = `receiver-${name}-${since.getTime().toString(36)}`;
  return {
    id,
    fingerprint: id,
    state: failing ? "open" : "resolved",
    severity: "error",
    // No code of Twilio's: it is about Faultline itself.
    code: 0,
    title: `Receiver ${name} takes no notices (${reason})`,
    product: "Faultline",
    account: "none",
    service: null,
    count: Math.max(1, tally.givenUpInARow),
    firstSeen: since.toISOString(),
    lastSeen: now.toISOString(),
    resolvedAt: failing ? null : now.toISOString(),
    docsUrl: "",
    ruleId: null,
    matched: [],
    causes: [],
    conflicts: [],
    evidence: [],
    remedies: [{ id: "check-receiver", text: fixes[reason], command: "faultline check --send-test" }],
    notices: [],
  };
}

function noticeAbout(receiver: string, about: IncidentView, now: Date): NewNotice {
  const told = about.state === "open" ? (["opened", "first"] as const) : (["resolved", "resolved"] as const);
  return {
    receiver,
    transition: told[0],
    reason: told[1],
    since: now,
    count: about.count,
    severity: about.severity,
    leadingCause: null,
  };
}
