import type { AddressInfo } from "node:net";
import type { Diagnosis } from "../../src/core/diagnosis/verdict.ts";
import type { Incident } from "../../src/core/incident.ts";
import type { CodeBook } from "../../src/core/rules/advice.ts";
import type { CodeView, RuleView } from "../../src/core/rules/code-view.ts";
import { createOperateApp, type OperateOptions } from "../../src/operate/server.ts";
import type { Log, Page, RecordReader, StoredEvent, StoredQuarantine } from "../../src/pipeline/ports.ts";

export const account = `AC${"a".repeat(32)}`;

const cause = { id: "too-few-numbers", text: "Too few numbers for the Sessions of one participant" };
const remedies = [
  { id: "close-session", text: "Close the other Session", command: "twilio x:update --sid {session}" },
  { id: "add-numbers", text: "Add numbers to the Service", command: "twilio x:list" },
];

export const rule: RuleView = {
  id: "proxy-identifier-in-use",
  origin: "built-in",
  match: { code: 80604 },
  title: "Proxy Identifier In Use",
  product: "Proxy",
  severity: "warning",
  groupBy: null,
  quietPeriod: "30m",
  silence: false,
  ownOutage: false,
  docsUrl: "https://www.twilio.com/docs/api/errors/80604",
  meaning: "The same pair would be active twice.",
  firstThing: "Look at the other Session.",
  causes: [cause],
  remedies,
};

export const codes: CodeBook = {
  codeView: (code): CodeView => ({
    code,
    known: code === 80604,
    title: code === 80604 ? "Proxy Identifier In Use" : `Unknown error ${code}`,
    level: code === 80604 ? "WARNING" : null,
    product: code === 80604 ? "Proxy" : "unknown",
    docsUrl: `https://www.twilio.com/docs/api/errors/${code}`,
    rule:
      code === 80604
        ? {
            id: rule.id,
            severity: "warning",
            meaning: rule.meaning,
            firstThing: rule.firstThing,
            causes: rule.causes,
            remedies,
          }
        : null,
  }),
  ruleList: () => [rule],
};

export function incident(nth: number, more: Partial<Incident> = {}): Incident {
  return {
    id: `inc-${nth}`,
    fingerprint: `f-${nth}`,
    state: "open",
    severity: "warning",
    code: 80604,
    title: "Proxy Identifier In Use",
    product: "Proxy",
    account,
    service: null,
    count: nth + 1,
    firstSeen: "2026-01-02T03:00:00.000Z",
    lastSeen: "2026-01-02T03:04:05.000Z",
    resolvedAt: null,
    docsUrl: "https://www.twilio.com/docs/api/errors/80604",
    ruleId: rule.id,
    matched: ["code 80604"],
    ...more,
  };
}

export function event(nth: number, more: Partial<StoredEvent> = {}): StoredEvent {
  return {
    sid: `NO${String(nth).padStart(32, "0")}`,
    source: "debugger",
    account,
    parentAccount: null,
    code: 80604,
    level: "WARNING",
    product: "Proxy",
    title: "Proxy Identifier In Use",
    occurredAt: null,
    receivedAt: "2026-01-02T03:04:05.000Z",
    resource: null,
    service: null,
    incidentId: "inc-1",
    payload: { more_info: { Msg: "redacted" } },
    ...more,
  };
}

export function diagnosis(nth: number, more: Partial<Diagnosis> = {}): Diagnosis {
  return {
    eventSid: `NO${String(nth).padStart(32, "0")}`,
    at: "2026-01-02T03:04:06.000Z",
    calls: 1,
    failedRequest: { host: "example.com", path: "/hook", method: "POST", status: 502, reason: null },
    causes: [
      {
        id: cause.id,
        verdict: "confirmed",
        evidence: [{ text: "No number is free", source: "event", observedAt: "2026-01-02T03:04:06.000Z" }],
      },
    ],
    conflicts: [{ sid: `KC${"c".repeat(32)}`, kind: "session", state: "open", url: "https://proxy.twilio.com/x" }],
    evidence: [],
    remedies: [{ id: "close-session", text: "Close it", command: "twilio y" }],
    ...more,
  };
}

const quarantined: StoredQuarantine = {
  id: "q-1",
  source: "event_streams",
  reason: "not_json",
  account: null,
  raw: "nonsense",
  receivedAt: "2026-01-02T03:04:05.000Z",
};

/** Pages whose cursor is `after:` and the number of items before it, as a record would keep it to itself. */
function paged<T>(
  all: readonly T[],
  { limit, cursor }: { limit: number; cursor?: string },
): Page<T> | "invalid_cursor" {
  const start = cursor === undefined ? 0 : Number(/^after:(\d+)$/.exec(cursor)?.[1] ?? Number.NaN);
  if (Number.isNaN(start)) return "invalid_cursor";
  const next = start + limit;
  return { items: all.slice(start, next), nextCursor: next < all.length ? `after:${next}` : null };
}

/** A record in memory. */
export function recordOf(kept: {
  incidents?: readonly Incident[];
  events?: readonly StoredEvent[];
  diagnoses?: Readonly<Record<string, readonly Diagnosis[]>>;
}): RecordReader {
  const { incidents = [], events = [], diagnoses = {} } = kept;
  return {
    incidents: async (query) =>
      paged(
        incidents.filter(
          ({ state, code }) => (query.state ?? state) === state && (query.code === undefined || query.code === code),
        ),
        query,
      ),
    incident: async (id) => incidents.find((each) => each.id === id) ?? null,
    events: async (query) =>
      paged(
        events.filter(
          ({ incidentId, code }) =>
            (query.incident === undefined || query.incident === incidentId) &&
            (query.code === undefined || query.code === code),
        ),
        query,
      ),
    diagnoses: async (id, limit) => (Object.hasOwn(diagnoses, id) ? (diagnoses[id] ?? []) : []).slice(0, limit),
    diagnosesOf: async (ids, limit) =>
      new Map(
        ids.filter((id) => Object.hasOwn(diagnoses, id)).map((id) => [id, (diagnoses[id] ?? []).slice(0, limit)]),
      ),
    quarantine: async (query) => paged([quarantined], query),
    openIncidents: async () => [],
    ping: async () => {},
  };
}

/** A log that remembers what was said. */
export function memoryLog(): Log & { readonly said: { level: string; fields: unknown; sentence: string }[] } {
  const said: { level: string; fields: unknown; sentence: string }[] = [];
  const at = (level: string) => (fields: unknown, sentence: string) => {
    said.push({ level, fields, sentence });
  };
  return { said, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** The private port on a free port, until disposed of. */
export async function serve(options: Partial<OperateOptions> = {}) {
  const log = memoryLog();
  const app = createOperateApp({
    reader: recordOf({}),
    renderMetrics: async (format) => ({ contentType: `text/plain; format=${format}`, body: "up 1\n" }),
    readiness: async () => ({ ready: true, checks: { database: "ok" } }),
    codes,
    requeue: async () => 0,
    adminToken: null,
    version: "1.2.3",
    log,
    ...options,
  });
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    log,
    port,
    get: async (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, init),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The body of an answer, whatever it is. */
export async function bodyOf(response: Response): Promise<Record<string, unknown>> {
  return { ...((await response.json()) as Record<string, unknown>) };
}
