import { redactPayload, redactText } from "../../src/core/redact.ts";
import type { ClassifiedEvent, EventStore, Quarantined } from "../../src/pipeline/ports.ts";
import { privateIn } from "./canaries.ts";

/** What one delivery would have had stored. */
export interface Stored {
  readonly events: readonly ClassifiedEvent[];
  readonly quarantined: readonly Quarantined[];
}

/** A store that keeps what it is given until it is asked for it. */
export interface CapturingStore extends EventStore {
  drain(): Stored;
}

export function capturingStore(): CapturingStore {
  let events: ClassifiedEvent[] = [];
  let quarantined: Quarantined[] = [];
  return {
    async record(batch) {
      events.push(...batch);
      return batch.map(() => ({ outcome: "recorded", incidentId: null, transition: null, work: null }));
    },
    async quarantine(items) {
      quarantined.push(...items);
    },
    drain() {
      const stored = { events, quarantined };
      events = [];
      quarantined = [];
      return stored;
    },
  };
}

/** What is wrong with what would be stored; null when nothing is. */
export function faultIn({ events, quarantined }: Stored, hasCanary: boolean): string | null {
  for (const { sealedSubject: _, ...open } of events) {
    const text = JSON.stringify(open);
    const fault = textFault(text) ?? (hasCanary ? leak(text) : null) ?? columnFault(open);
    if (fault !== null) return fault;
    const { payload } = open.event;
    if (JSON.stringify(redactPayload(payload)) !== JSON.stringify(payload)) {
      return `redacting a payload again changes it: ${JSON.stringify(payload).slice(0, 500)}`;
    }
    if (JSON.stringify(payload).length > 6 * 64 * 1024) return "a payload is larger than it may be";
  }
  for (const item of quarantined) {
    const fault = textFault(JSON.stringify(item)) ?? (hasCanary ? leak(item.raw) : null);
    if (fault !== null) return fault;
    if (redactText(item.raw) !== item.raw) return `redacting a raw text again changes it: ${item.raw.slice(0, 500)}`;
    if (item.raw.length > 16 * 1024) return "a raw text is larger than it may be";
  }
  return null;
}

/** What PostgreSQL would not take: NUL, halves of surrogate pairs. */
function textFault(text: string): string | null {
  const at = text.search(/\\u0000|\\ud[89a-f]/);
  return at === -1 || /\\\\u(?:0000|d)/.test(text.slice(Math.max(0, at - 1), at + 6))
    ? null
    : `not storable: ${text.slice(Math.max(0, at - 60), at + 60)}`;
}

function leak(text: string): string | null {
  const found = privateIn(text);
  return found === null ? null : `private: ${found}`;
}

/** What stands in columns of its own is short and of few characters. */
function columnFault({
  event,
  fingerprint,
  subject,
  title,
  product,
  severity,
}: Omit<ClassifiedEvent, "sealedSubject">): string | null {
  const sids = [event.account, event.parentAccount, event.resource, event.service];
  if (sids.some((sid) => sid !== null && !/^[\w-]{1,64}$/.test(sid))) return `a sid that is none: ${sids.join(" ")}`;
  if (!/^[\w./:-]{1,210}$/.test(event.sid)) return `an identity of other characters: ${event.sid}`;
  if (!Number.isInteger(event.code) || event.code < 1 || event.code > 999_999_999) return `a code of ${event.code}`;
  if (!/^[A-Z_]{1,20}$/.test(event.level)) return `a level of ${event.level}`;
  if (event.occurredAt !== null && Number.isNaN(Date.parse(event.occurredAt))) return `a time of ${event.occurredAt}`;
  if ([fingerprint ?? "", subject, title, product, severity].some((text) => text.length > 300)) return "a long column";
  return null;
}
