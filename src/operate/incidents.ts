import { type IncidentView, incidentView } from "../core/incident-view.ts";
import type { CodeBook } from "../core/rules/advice.ts";
import { adviceBook } from "../core/rules/advice.ts";
import type { NoticeReader, StoredNotice } from "../pipeline/notice-ports.ts";
import type { RecordReader } from "../pipeline/ports.ts";
import { type AnyEndpoint, endpoint, found } from "./endpoint.ts";
import { invalidCursor } from "./events.ts";
import { IncidentPath, IncidentsQuery, NoParameters } from "./parameters.ts";
import { refusal } from "./problem.ts";

/** How many of its latest diagnoses, events and notices are read for an incident: the same in lists, so that tallies agree. */
const latest = 50;

/** `/api/v1/incidents` and `/api/v1/incidents/{id}`. */
export function incidentEndpoints(
  reader: RecordReader,
  codes: CodeBook,
  notices?: Pick<NoticeReader, "noticesOf">,
): AnyEndpoint[] {
  const advice = adviceBook(codes);
  const noticesOf = (ids: readonly string[]) => notices?.noticesOf(ids, latest) ?? new Map<string, StoredNotice[]>();

  const list = endpoint({
    path: "/api/v1/incidents",
    summary: "Incidents of all states, newest first",
    params: NoParameters,
    query: IncidentsQuery,
    response: "IncidentPage",
    async answer(_params, { limit, state, code, cursor }) {
      const page = await reader.incidents({
        limit,
        ...(state !== undefined && { state }),
        ...(code !== undefined && { code }),
        ...(cursor !== undefined && { cursor }),
      });
      if (page === "invalid_cursor") return invalidCursor;
      const ids = page.items.map(({ id }) => id);
      const [diagnoses, told] = await Promise.all([reader.diagnosesOf(ids, latest), noticesOf(ids)]);
      const incidents = page.items.map(
        (incident): IncidentView => ({
          ...incidentView(incident, diagnoses.get(incident.id) ?? [], advice(incident)),
          notices: told.get(incident.id) ?? [],
        }),
      );
      return found({ incidents, nextCursor: page.nextCursor });
    },
  });

  const one = endpoint({
    path: "/api/v1/incidents/{id}",
    summary: "One incident with its latest events and diagnoses",
    params: IncidentPath,
    query: NoParameters,
    response: "IncidentDetail",
    async answer({ id }) {
      const incident = await reader.incident(id);
      if (incident === null) return unknownIncident(id);
      const [diagnoses, events, told] = await Promise.all([
        reader.diagnoses(id, latest),
        reader.events({ incident: id, limit: latest }),
        noticesOf([id]),
      ]);
      const view: IncidentView = {
        ...incidentView(incident, diagnoses, advice(incident)),
        notices: told.get(id) ?? [],
      };
      return found({ ...view, events: events === "invalid_cursor" ? [] : events.items, diagnoses });
    },
  });

  return [list, one];
}

function unknownIncident(id: string) {
  return refusal(404, "the id of an incident on record", id, "list the incidents with GET /api/v1/incidents");
}
