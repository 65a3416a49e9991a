import type { Incident } from "../../core/incident.ts";
import { type Advice, type IncidentView, incidentView } from "../../core/incident-view.ts";
import { type LinkBases, linksFor } from "../../core/notice/links.ts";
import type { Notice, NoticeLinks } from "../../core/notice/notice.ts";
import type { PendingNotice } from "../notice-ports.ts";
import type { RecordReader } from "../ports.ts";

/** So many of the latest diagnoses make up the view of an incident, as in the API. */
const shownDiagnoses = 50;

/** What composing a notice needs. */
export interface ComposeParts {
  readonly reader: Pick<RecordReader, "incident" | "diagnoses">;
  readonly advice: (incident: Incident) => Advice | null;
  readonly links: LinkBases;
}

/** The id of a notice outside: the same on every attempt, and another for every notice there ever was. */
export function noticeIdOf(row: string): string {
  return `ntc_${Number(row).toString(36)}`;
}

/** What a notice says now: its incident is read afresh. Null when retention has taken it. */
export async function compose(pending: PendingNotice, parts: ComposeParts): Promise<Notice | null> {
  const id = noticeIdOf(pending.id);
  const at = pending.decidedAt.toISOString();
  if (pending.digest !== null) return { ...pending.digest, id };
  const { transition, reason, about } = pending;
  if (transition === "digest") return null;
  if (about !== null)
    return { kind: "incident", id, transition, reason, incident: about, links: noLinks, at, test: false };
  const incident = await viewOf(pending.incidentId, parts);
  if (incident === null) return null;
  return {
    kind: "incident",
    id,
    transition,
    reason,
    incident,
    links: linksFor(incident, parts.links),
    at,
    test: false,
  };
}

/** For what is about no incident of Twilio's. */
export const noLinks: NoticeLinks = { incident: null, runbook: null, grafana: null, console: null };

async function viewOf(id: string | null, { reader, advice }: ComposeParts): Promise<IncidentView | null> {
  const incident = id === null ? null : await reader.incident(id);
  if (incident === null) return null;
  return incidentView(incident, await reader.diagnoses(incident.id, shownDiagnoses), advice(incident));
}
