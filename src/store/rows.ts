import type { QuarantineReason, Source } from "../core/event.ts";
import type { Incident, IncidentState } from "../core/incident.ts";
import type { JsonObject } from "../core/json.ts";
import type { Severity } from "../core/rules/rule.ts";
import type { StoredEvent, StoredQuarantine } from "../pipeline/ports.ts";
import { incidentIdOf } from "./incident-id.ts";

/*
 * Rows as `pg` gives them (bigint as text, timestamptz as Date), and what they mean.
 */

/** A row of faultline.events. */
export interface EventRow {
  readonly id: string;
  readonly sid: string;
  readonly source: Source;
  readonly account: string;
  readonly parent_account: string | null;
  readonly code: string;
  readonly level: string;
  readonly product: string;
  readonly title: string;
  readonly occurred_at: string | null;
  readonly received_at: Date;
  readonly resource: string | null;
  readonly service: string | null;
  readonly incident_id: string | null;
  readonly payload: JsonObject;
}

/** An event as the API shows it. */
export function storedEventOf(row: EventRow): StoredEvent {
  return {
    sid: row.sid,
    source: row.source,
    account: row.account,
    parentAccount: row.parent_account,
    code: Number(row.code),
    level: row.level,
    product: row.product,
    title: row.title,
    occurredAt: row.occurred_at,
    receivedAt: row.received_at.toISOString(),
    resource: row.resource,
    service: row.service,
    incidentId: row.incident_id === null ? null : incidentIdOf(row.incident_id),
    payload: row.payload,
  };
}

/** A row of faultline.incidents. */
export interface IncidentRow {
  readonly id: string;
  readonly fingerprint: string;
  readonly state: IncidentState;
  readonly severity: Severity;
  readonly code: string;
  readonly title: string;
  readonly product: string;
  readonly account: string;
  readonly service: string | null;
  readonly count: string;
  readonly first_seen: Date;
  readonly last_seen: Date;
  readonly resolved_at: Date | null;
  readonly docs_url: string;
  readonly rule_id: string | null;
  readonly matched: string[];
}

/** An incident as the rest of the system knows it. */
export function incidentOf(row: IncidentRow): Incident {
  return {
    id: incidentIdOf(row.id),
    fingerprint: row.fingerprint,
    state: row.state,
    severity: row.severity,
    code: Number(row.code),
    title: row.title,
    product: row.product,
    account: row.account,
    service: row.service,
    count: Number(row.count),
    firstSeen: row.first_seen.toISOString(),
    lastSeen: row.last_seen.toISOString(),
    resolvedAt: row.resolved_at?.toISOString() ?? null,
    docsUrl: row.docs_url,
    ruleId: row.rule_id,
    matched: row.matched,
  };
}

/** A row of faultline.quarantined. */
export interface QuarantineRow {
  readonly id: string;
  readonly source: Source;
  readonly reason: QuarantineReason;
  readonly account: string | null;
  readonly raw: string;
  readonly received_at: Date;
}

/** What was signed but not understood, as the API shows it. */
export function storedQuarantineOf(row: QuarantineRow): StoredQuarantine {
  return {
    id: row.id,
    source: row.source,
    reason: row.reason,
    account: row.account,
    raw: row.raw,
    receivedAt: row.received_at.toISOString(),
  };
}
