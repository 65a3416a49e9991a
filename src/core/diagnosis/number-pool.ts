import { notRead, shownBy } from "./facts.ts";
import { maskAddress } from "./mask-address.ts";
import { type InUse, unseenNote } from "./pairs.ts";
import { verdict } from "./ranking.ts";
import type { ProxyPhoneNumber } from "./resources.ts";
import { hasNumber, present, type SessionWithParticipants } from "./sessions.ts";
import { cameAfter } from "./time.ts";
import type { CauseVerdict } from "./verdict.ts";

/** The numbers of a Service, seen from the people who need one. */
export interface Pool {
  /** A person for whom no unreserved number is free, with the Sessions that hold them. */
  readonly exhausted: { readonly identifier: string; readonly holders: readonly SessionWithParticipants[] } | null;
  /** Surely free for the person in question. */
  readonly freeNumber: ProxyPhoneNumber | null;
  readonly holders: readonly SessionWithParticipants[];
}

interface NumberUse {
  readonly number: ProxyPhoneNumber;
  readonly holders: readonly SessionWithParticipants[];
}

/** Which numbers of the Service are taken for the identifiers in question. */
export function poolOf(situation: InUse): Pool {
  const { numbers, others } = situation.facts;
  const nothing = { exhausted: null, freeNumber: null, holders: [] };
  if (!numbers.ok || !others.ok) return nothing;
  const uses = situation.identifiers.map((identifier) => ({ identifier, numbers: usesOf(identifier, situation) }));
  const full = uses.find(({ numbers: each }) => each.length > 0 && each.every(({ holders }) => holders.length > 0));
  const holders = full === undefined ? [] : full.numbers.flatMap((use) => use.holders);
  // A scan that was cut short may have missed who holds it.
  const contested = situation.held[0]?.identifier ?? situation.identifiers[0];
  const free = uses
    .find(({ identifier }) => identifier === contested)
    ?.numbers.find((use) => isFree(use) && others.cutShort !== true);
  return {
    exhausted:
      full === undefined || !situation.isContested || numbers.cutShort === true
        ? null
        : { identifier: full.identifier, holders },
    freeNumber: free?.number ?? null,
    holders,
  };
}

/** Nobody holds it, and Proxy gives it out unasked. */
function isFree({ number, holders }: NumberUse): boolean {
  return holders.length === 0 && number.isReserved === false;
}

function usesOf(identifier: string, { facts: { numbers }, others }: InUse): NumberUse[] {
  if (!numbers.ok) return [];
  return numbers.value
    .filter(({ isReserved }) => isReserved !== true)
    .map((number) => ({
      number,
      holders: others.filter(({ participants }) =>
        present(participants).some(
          (participant) =>
            participant.identifier === identifier &&
            hasNumber(participant, { number: number.phoneNumber, sid: number.sid }),
        ),
      ),
    }));
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
  if (pool.exhausted !== null) {
    const { identifier, holders } = pool.exhausted;
    const sessions = [...new Set(holders.map(({ session: { sid } }) => sid))];
    const missing = Math.max(1, sessions.length + 1 - unreserved.length);
    const text =
      `${maskAddress(identifier)} holds each of the ${unreserved.length} unreserved numbers of the Service in another active ` +
      `Session (${listed(sessions)}): at least ${missing} more ${missing === 1 ? "is" : "are"} needed.`;
    const inDoubt = usesOf(identifier, situation).some(({ holders: each }) =>
      each.every((holder) => cameAfter(holder.session.dateCreated, occurredAt)),
    );
    const late = inDoubt
      ? shownBy(others, `Some of them were created after the event, which is dated ${occurredAt}.`)
      : null;
    return verdict(id, inDoubt ? "likely" : "confirmed", shownBy(others, text), late);
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

function listed(sids: readonly string[]): string {
  return sids.length <= 5 ? sids.join(", ") : `${sids.slice(0, 5).join(", ")} and ${sids.length - 5} more`;
}
