import type { RecordReader } from "../pipeline/ports.ts";
import { type AnyEndpoint, endpoint, found } from "./endpoint.ts";
import { EventsQuery, NoParameters, PageQuery } from "./parameters.ts";
import { refusal } from "./problem.ts";

/** 400 for a cursor that the record did not hand out. */
export const invalidCursor = refusal(
  400,
  "cursor: the nextCursor of the page before, with the same filters",
  "a cursor that this resource did not give",
  "leave cursor out to start again at the first page",
);

/** `/api/v1/events` and `/api/v1/quarantine`: what came in, understood or not. */
export function eventEndpoints(reader: RecordReader): AnyEndpoint[] {
  const events = endpoint({
    path: "/api/v1/events",
    summary: "Events with their redacted payload, newest first",
    params: NoParameters,
    query: EventsQuery,
    response: "EventPage",
    async answer(_params, { limit, incident, code, cursor }) {
      const page = await reader.events({
        limit,
        ...(incident !== undefined && { incident }),
        ...(code !== undefined && { code }),
        ...(cursor !== undefined && { cursor }),
      });
      return page === "invalid_cursor" ? invalidCursor : found({ events: page.items, nextCursor: page.nextCursor });
    },
  });

  const quarantine = endpoint({
    path: "/api/v1/quarantine",
    summary: "What was signed but not understood, redacted, newest first",
    params: NoParameters,
    query: PageQuery,
    response: "QuarantinePage",
    async answer(_params, { limit, cursor }) {
      const page = await reader.quarantine({ limit, ...(cursor !== undefined && { cursor }) });
      return page === "invalid_cursor" ? invalidCursor : found({ quarantine: page.items, nextCursor: page.nextCursor });
    },
  });

  return [events, quarantine];
}
