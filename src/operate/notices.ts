import { explainRoute, type Routing, routesFor } from "../core/notice/route.ts";
import { SilenceBody, silencedBy, silenceOf } from "../core/notice/silence.ts";
import type { NoticeReader, ReceiverState, SilenceStore, StoredSilence } from "../pipeline/notice-ports.ts";
import type { Clock } from "../pipeline/ports.ts";
import { type AnyEndpoint, action, endpoint, found } from "./endpoint.ts";
import { LabelsQuery, NoParameters, SilencePath, SilencesQuery } from "./parameters.ts";
import { type Refusal, refusal } from "./problem.ts";
import type { Silence } from "./schemas.ts";

/** What the API shows of notices, and what it may change. */
export interface NoticeSide {
  readonly reader: Pick<NoticeReader, "noticesOf">;
  readonly silences: SilenceStore;
  /** How the configured receivers do, in the order of the configuration. */
  readonly receivers: () => Promise<readonly ReceiverState[]>;
  /** The routes in force. */
  readonly routing: Routing;
  readonly clock: Clock;
}

/** How many silences are looked at for one incident, the latest first. */
const silencesAtOnce = 500;

/** `/api/v1/silences`, `/api/v1/silences/{id}`, `/api/v1/receivers` and `/api/v1/routing`. */
export function noticeEndpoints({ silences, receivers, routing, clock }: NoticeSide): AnyEndpoint[] {
  const list = endpoint({
    path: "/api/v1/silences",
    summary: "Silences in force or to come, the latest first",
    params: NoParameters,
    query: SilencesQuery,
    response: "SilenceList",
    async answer(_params, { ended, limit }) {
      const now = clock.now();
      const all = await silences.list({ at: now, ended, limit });
      return found({ silences: all.map((silence) => silenceView(silence, now)) });
    },
  });

  const add = action({
    method: "POST",
    path: "/api/v1/silences",
    summary: "Keep quiet about the incidents that match",
    params: NoParameters,
    body: SilenceBody,
    success: 201,
    response: "Silence",
    async act(_params, body) {
      const now = clock.now();
      const silence = silenceOf(body, now);
      if (silence === null) return endsTooEarly(body.endsAt, now);
      return { done: silenceView(await silences.create(silence), now) };
    },
  });

  const one = endpoint({
    path: "/api/v1/silences/{id}",
    summary: "One silence",
    params: SilencePath,
    query: NoParameters,
    response: "Silence",
    async answer({ id }) {
      const silence = await silences.get(id);
      return silence === null ? unknownSilence(id) : found(silenceView(silence, clock.now()));
    },
  });

  const expire = action({
    method: "DELETE",
    path: "/api/v1/silences/{id}",
    summary: "End a silence now; one that has ended stays as it is",
    params: SilencePath,
    body: NoParameters,
    success: 200,
    response: "Silence",
    async act({ id }) {
      const now = clock.now();
      await silences.expire(id, now);
      const silence = await silences.get(id);
      return silence === null ? unknownSilence(id) : { done: silenceView(silence, now) };
    },
  });

  const receiverList = endpoint({
    path: "/api/v1/receivers",
    summary: "The receivers, and whether notices reach them",
    params: NoParameters,
    query: NoParameters,
    response: "ReceiverList",
    answer: async () => found({ receivers: await receivers() }),
  });

  const route = endpoint({
    path: "/api/v1/routing",
    summary: "Which receivers an incident with these labels goes to, and why",
    params: NoParameters,
    query: LabelsQuery,
    response: "Routing",
    async answer(_params, labels) {
      const now = clock.now();
      const inForce = await silences.list({ at: now, ended: false, limit: silencesAtOnce });
      const silenced = silencedBy(labels, inForce, now);
      const routed = routesFor(labels, routing, now);
      return found({
        receivers: routed.map(({ receiver, path, repeatMs, muted, mutedUntil, why }) => {
          return { receiver, path, repeatMs, muted, mutedUntil: mutedUntil?.toISOString() ?? null, why };
        }),
        silencedBy: silenced === null ? null : silenceView(silenced.by, now),
        explanation: explainRoute(labels, routing, now),
      });
    },
  });

  return [list, add, one, expire, receiverList, route];
}

function silenceView(silence: StoredSilence, now: Date): Silence {
  const { id, matchers, comment, createdBy, startsAt, endsAt } = silence;
  const state =
    Date.parse(endsAt) <= now.getTime() ? "ended" : Date.parse(startsAt) > now.getTime() ? "pending" : "active";
  const conditions = matchers.map(({ name, value, isRegex, isEqual }) => ({ name, value, isRegex, isEqual }));
  return { id, state, matchers: conditions, comment, createdBy, startsAt, endsAt };
}

function endsTooEarly(endsAt: string, now: Date): Refusal {
  const expected = `endsAt: a time after it starts and after now, ${now.toISOString()}`;
  return refusal(400, expected, JSON.stringify(endsAt), "write a later time, in UTC or with its offset");
}

function unknownSilence(id: string): Refusal {
  return refusal(404, "the id of a silence on record", id, "list the silences with GET /api/v1/silences?ended=true");
}
