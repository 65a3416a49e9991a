import type { Read } from "./facts.ts";
import type { ProxyParticipant, ProxyPhoneNumber, ProxySession } from "./resources.ts";
import type { SessionWithParticipants } from "./sessions.ts";
import type { Subject } from "./subject.ts";

/** What is looked at for 80604. */
export interface IdentifierInUseFacts {
  /** When the event occurred, ISO 8601 UTC. */
  readonly occurredAt: string | null;
  /** KS sid. */
  readonly service: string | null;
  /** KC sid of the event or of its request URL. */
  readonly sessionSid: string | null;
  /** The failed request to Proxy's API. */
  readonly request: Read<Subject>;
  /** The Session of the event; null when it does not exist: a refused create leaves none. */
  readonly session: Read<ProxySession | null>;
  readonly participants: Read<readonly ProxyParticipant[]>;
  /** All numbers of the Service. */
  readonly numbers: Read<readonly ProxyPhoneNumber[]>;
  /** Other Sessions of the Service that are open or in progress, with their Participants. */
  readonly others: Read<readonly SessionWithParticipants[]>;
}
