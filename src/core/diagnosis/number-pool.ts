import { notRead, shownBy } from "./facts.ts";
import { maskAddress } from "./mask-address.ts";
import { heldPairs, type InUse, unseenNote } from "./pairs.ts";
import { verdict } from "./ranking.ts";
import type { ProxyPhoneNumber } from "./resources.ts";
import type { SessionWithParticipants } from "./sessions.ts";
import { cameAfter } from "./time.ts";
import type { CauseVerdict } from "./verdict.ts";

/** The numbers of a Service, seen from the people who need one. */
export interface Pool {
  /** The people for whom every unreserved number that was read is taken, and in which Sessions. */
  readonly full: readonly FullPool[];
  /** The same, where that surely is why the action failed. */
  readonly exhausted: readonly FullPool[];
  /** Surely free for the person in question. */
  readonly freeNumber: ProxyPhoneNumber | null;
}

/** Somebody without a free number. */
export interface FullPool {
  readonly identifier: string;
  readonly holders: readonly SessionWithParticipants[];
}

interface NumberUse {
  readonly number: ProxyPhoneNumber;
  readonly holders: readonly SessionWithParticipants[];
  /** Whether it was taken only after the event. */
  readonly isLate: boolean;
}

/** Which numbers of the Service are taken for the identifiers in question. */
export function poolOf(situation: InUse): Pool {
  const { numbers, others } = situation.facts;
  if (!numbers.ok || !others.ok) return { full: [], exhausted: [], freeNumber: null };
  const uses = situation.identifiers.map((identifier) => ({ identifier, numbers: usesOf(identifier, situation) }));
  const full = uses
    .filter(({ numbers: each }) => each.length > 0 && each.every(({ holders }) => holders.length > 0))
    .map(({ identifier, numbers: each }) => ({ identifier, holders: each.flatMap(({ holders }) => holders) }));
  // A scan that was cut short may have missed who holds it.
  const contested = situation.held[0]?.identifier ?? situation.identifiers[0];
  const free = uses
    .find(({ identifier }) => identifier === contested)
    ?.numbers.find((use) => isFree(use) && others.cutShort !== true);
  return {
    full,
    exhausted: situation.isContested && numbers.cutShort !== true ? full : [],
    freeNumber: free?.number ?? null,
  };
}

/** Nobody holds it, and Proxy gives it out unasked. */
function isFree({ number, holders }: NumberUse): boolean {
  return holders.length === 0 && number.isReserved === false;
}

function usesOf(identifier: string, { facts: { numbers, occurredAt }, others }: InUse): NumberUse[] {
  if (!numbers.ok) return [];
  return numbers.value
    .filter(({ isReserved }) => isReserved !== true)
    .map((number) => {
      const wanted = { identifier, number: number.phoneNumber, numberSid: number.sid, isOwn: false };
      const held = heldPairs([wanted], others);
      const isLate = held.length > 0 && held.every(({ since }) => cameAfter(since, occurredAt));
      return { number, holders: held.map(({ holder }) => holder), isLate };
    });
}

/** The verdict on too few numbers for the concurrent Sessions of one person. */
export function poolVerdict(id: string, situation: InUse, pool: Pool): CauseVerdict {
  const { numbers, others, request, session, participants, occurredAt } = situation.facts;
  if (!numbers.ok) return verdict(id, "unknown", notRead(numbers, "The numbers of the Service"));
  if (!others.ok) return verdict(id, "unknown", notRead(others, "The other Sessions of the Service"));
  if (situation.identifiers.length === 0) {
    const missing = [request, session, participants].flatMap((read) =>
      read.ok ? [] : [notRead(read, "Who needs a number")],
    );
    return verdict(id, "unknown", shownBy(numbers, "Nothing says who needs a number."), ...missing.slice(0, 1));
  }
  const unreserved = numbers.value.filter(({ isReserved }) => isReserved !== true);
  if (unreserved.length === 0 && numbers.cutShort !== true) {
    return verdict(
      id,
      "likely",
      shownBy(numbers, "The Service has no unreserved number at all: at least 1 is missing."),
    );
  }
  const [first] = pool.exhausted;
  if (first !== undefined) {
    const texts = pool.exhausted.map((each) => describe(each, unreserved.length));
    const isLate = ({ identifier }: FullPool) => usesOf(identifier, situation).some((use) => use.isLate);
    const inDoubt = pool.exhausted.every(isLate);
    const late = inDoubt
      ? shownBy(others, `Some of them were created after the event, which is dated ${occurredAt}.`)
      : null;
    const shown = texts.map((text) => shownBy(others, text));
    return verdict(id, inDoubt ? "likely" : "confirmed", ...shown, late);
  }
  const surelyFree = situation.identifiers.map((identifier) => usesOf(identifier, situation).find(isFree));
  if (others.cutShort === true || surelyFree.includes(undefined)) {
    const text = "The Sessions that were looked at do not show whether a number is free.";
    return verdict(id, "unknown", shownBy(others, text), unseenNote(others));
  }
  const note = situation.isWhole || request.ok ? null : notRead(request, "Who else the request asked for");
  const sids = [...new Set(surelyFree.flatMap((use) => use?.number.sid ?? []))];
  const free = shownBy(others, `A number of the Service is free: ${listed(sids)}.`);
  return verdict(id, note === null ? "ruled-out" : "unknown", free, note);
}

function describe({ identifier, holders }: FullPool, numbers: number): string {
  const sessions = [...new Set(holders.map(({ session: { sid } }) => sid))];
  const missing = Math.max(1, sessions.length + 1 - numbers);
  return (
    `${maskAddress(identifier)} holds each of the ${numbers} unreserved numbers of the Service in another active ` +
    `Session (${listed(sessions)}): at least ${missing} more ${missing === 1 ? "is" : "are"} needed.`
  );
}

function listed(sids: readonly string[]): string {
  return sids.length <= 5 ? sids.join(", ") : `${sids.slice(0, 5).join(", ")} and ${sids.length - 5} more`;
}
