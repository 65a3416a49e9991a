/*
 * Incident: all events with one fingerprint between opening and resolving.
 *
 * The state machine
 *
 * (none) ──first event──▶ open        transition `opened`
 * open ──event──▶ open                count + 1, lastSeen = time of arrival; no transition
 * open ──quiet──▶ resolved            transition `resolved`, when nothing has arrived for the quiet period of its rule
 *                                     (default INCIDENT_QUIET_PERIOD, 30 min)
 * resolved ──event within a day of resolving──▶ open     transition `reopened`; the count goes on, resolvedAt is cleared
 * resolved ──event later──▶ a new incident, transition `opened`; the old one stays resolved for good
 *
 * open ──first supported cause──▶ open   transition `diagnosed`
 * open ──another leading cause──▶ open   transition `cause_changed`
 *
 * At most one incident of a fingerprint is open at any time, and at most one can be reopened: the newest. All periods
 * go by the time of arrival, since events come late and out of order. The transitions happen in the transaction that
 * records the events (store/), so two processes can never open the same incident twice; this file holds what they share.
 */
import type { Severity } from "./rules/rule.ts";

export type IncidentState = "open" | "resolved";

/** A change of an incident that people may want to hear of. The value is a metric label. */
export type IncidentTransition = "opened" | "reopened" | "resolved" | "diagnosed" | "cause_changed";

/** All transitions, for metrics that start at zero. */
export const incidentTransitions = [
  "opened",
  "reopened",
  "resolved",
  "diagnosed",
  "cause_changed",
] as const satisfies readonly IncidentTransition[];

/** How long after resolving the same fingerprint reopens the incident instead of opening another, in milliseconds. */
export const reopenWindowMs = 24 * 60 * 60 * 1000;

/** An incident as it is stored. Times are ISO 8601 UTC. */
export interface Incident {
  readonly id: string;
  readonly fingerprint: string;
  readonly state: IncidentState;
  readonly severity: Severity;
  readonly code: number;
  readonly title: string;
  readonly product: string;
  readonly account: string;
  readonly service: string | null;
  readonly count: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly resolvedAt: string | null;
  readonly docsUrl: string;
  /** Id of the rule that classified its first event, null for a code without a rule. */
  readonly ruleId: string | null;
  /** Why that rule matched, one short phrase a condition, e.g. `code 80604`. */
  readonly matched: readonly string[];
}
