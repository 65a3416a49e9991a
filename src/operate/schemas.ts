/*
 * What the private port takes and gives, as zod schemas. The OpenAPI document is made from these, and every answer is
 * checked against them.
 */
import { z } from "zod";
import { verdicts } from "../core/diagnosis/verdict.ts";
import { sources } from "../core/event.ts";
import { sendFailureReasons } from "../core/notice/notice.ts";
import { Match, severities } from "../core/rules/rule.ts";

const Time = z.iso.datetime().describe("ISO 8601 UTC");

/** Every refusal of the private port. */
export const Problem = z
  .strictObject({ error: z.strictObject({ expected: z.string(), got: z.string(), fix: z.string() }) })
  .describe("What was expected, what came instead, and how to put it right.");
export type Problem = z.infer<typeof Problem>;

export const Liveness = z.strictObject({ status: z.literal("ok") });
export type Liveness = z.infer<typeof Liveness>;

export const Readiness = z.strictObject({
  ready: z.boolean(),
  checks: z.record(z.string(), z.string()).describe("`ok`, or what is wrong, by part."),
});
export type Readiness = z.infer<typeof Readiness>;

export const Evidence = z.strictObject({
  text: z.string(),
  source: z.string().describe("API path or event field that showed it"),
  observedAt: Time,
});

export const Conflict = z.strictObject({
  sid: z.string(),
  kind: z.literal(["session", "conversation"]),
  state: z.string(),
  url: z.string(),
});

export const Remedy = z.strictObject({
  id: z.string(),
  text: z.string(),
  command: z.string().optional().describe("For twilio-cli; in an incident only when no SID is left to fill in"),
  curl: z.string().optional().describe("The same for curl"),
});

const Tally = z.int().nonnegative().describe("Sampled events with this verdict");

export const Cause = z.strictObject({
  id: z.string(),
  text: z.string(),
  verdict: z.literal([...verdicts]),
  confirmed: Tally,
  likely: Tally,
  ruledOut: Tally,
  unknown: Tally,
});

export const Notice = z.strictObject({
  receiver: z.string(),
  transition: z.string(),
  outcome: z.string(),
  reason: z.string().nullable(),
  at: Time,
});

export const Incident = z.strictObject({
  id: z.string(),
  fingerprint: z.string(),
  state: z.literal(["open", "resolved"]),
  severity: z.literal([...severities]),
  code: z.int(),
  title: z.string(),
  product: z.string(),
  account: z.string(),
  service: z.string().nullable(),
  count: z.int().nonnegative(),
  firstSeen: Time,
  lastSeen: Time,
  resolvedAt: Time.nullable(),
  docsUrl: z.string(),
  ruleId: z.string().nullable(),
  matched: z.array(z.string()).describe("Why that rule matched"),
  causes: z.array(Cause).describe("Leading cause first; tallies over the latest 50 sampled events"),
  conflicts: z.array(Conflict),
  evidence: z.array(Evidence).describe("For the leading cause"),
  remedies: z.array(Remedy),
  notices: z.array(Notice),
});

export const Event = z.strictObject({
  sid: z.string(),
  source: z.literal([...sources]),
  account: z.string(),
  parentAccount: z.string().nullable(),
  code: z.int(),
  level: z.string(),
  product: z.string(),
  title: z.string(),
  occurredAt: Time.nullable(),
  receivedAt: Time,
  resource: z.string().nullable(),
  service: z.string().nullable(),
  incidentId: z.string().nullable(),
  payload: z.record(z.string(), z.unknown()).describe("Redacted"),
});

export const Diagnosis = z.strictObject({
  eventSid: z.string(),
  at: Time,
  calls: z.int().nonnegative().describe("Requests to Twilio it took"),
  failedRequest: z
    .strictObject({
      host: z.string().nullable(),
      path: z.string().nullable(),
      method: z.string().nullable(),
      status: z.int().nullable(),
      reason: z.string().nullable(),
    })
    .nullable()
    .describe("The request behind the error, as far as it is known"),
  causes: z.array(z.strictObject({ id: z.string(), verdict: z.literal([...verdicts]), evidence: z.array(Evidence) })),
  conflicts: z.array(Conflict),
  evidence: z.array(Evidence),
  remedies: z.array(Remedy),
  failure: z.string().optional().describe("Why Twilio could not be read"),
});

export const QuarantinedItem = z.strictObject({
  id: z.string(),
  source: z.literal([...sources]),
  reason: z.string(),
  account: z.string().nullable(),
  raw: z.string().describe("Redacted"),
  receivedAt: Time,
});

const Documented = z.strictObject({ id: z.string(), text: z.string() });
const Severity = z.literal([...severities]);

export const Rule = z.strictObject({
  id: z.string(),
  origin: z.literal(["user", "built-in"]),
  match: Match.describe("Conditions that must all hold"),
  title: z.string().nullable(),
  product: z.string().nullable(),
  severity: Severity.nullable().describe("Null: by the level of the event"),
  groupBy: z.array(z.string()).nullable(),
  quietPeriod: z.string().nullable(),
  silence: z.boolean(),
  ownOutage: z.boolean(),
  docsUrl: z.string().nullable(),
  meaning: z.string().nullable(),
  firstThing: z.string().nullable(),
  causes: z.array(Documented),
  remedies: z.array(Remedy).describe("Commands are templates with {placeholders}"),
});

export const Code = z.strictObject({
  code: z.int(),
  known: z.boolean().describe("Whether a catalogue or a rule has it"),
  title: z.string(),
  level: z.string().nullable(),
  product: z.string(),
  docsUrl: z.string(),
  rule: z
    .strictObject({
      id: z.string(),
      severity: Severity,
      meaning: z.string().nullable(),
      firstThing: z.string().nullable(),
      causes: z.array(Documented),
      remedies: z.array(Remedy).describe("Commands are templates with {placeholders}"),
    })
    .nullable(),
});

const nextCursor = z.string().nullable().describe("Pass it as `cursor` to get the next page; null at the end");

export const IncidentPage = z.strictObject({ incidents: z.array(Incident), nextCursor });
export const IncidentDetail = Incident.extend({
  events: z.array(Event).describe("The latest 50"),
  diagnoses: z.array(Diagnosis).describe("The latest 50"),
});
export const EventPage = z.strictObject({ events: z.array(Event), nextCursor });
export const QuarantinePage = z.strictObject({ quarantine: z.array(QuarantinedItem), nextCursor });
export const RuleList = z.strictObject({ rules: z.array(Rule) });
export const Requeued = z.strictObject({
  requeued: z.int().nonnegative().describe("Diagnoses and notices that are tried again"),
});
export const Silence = z.strictObject({
  id: z.string(),
  state: z.literal(["pending", "active", "ended"]),
  matchers: z
    .array(z.strictObject({ name: z.string(), value: z.string(), isRegex: z.boolean(), isEqual: z.boolean() }))
    .describe("All must match"),
  comment: z.string(),
  createdBy: z.string(),
  startsAt: Time,
  endsAt: Time,
});
export type Silence = z.infer<typeof Silence>;
export const SilenceList = z.strictObject({ silences: z.array(Silence) });

export const Receiver = z.strictObject({
  name: z.string(),
  kind: z.literal(["slack", "pagerduty", "alertmanager", "webhook"]),
  state: z.literal(["ok", "failing", "unused"]),
  lastDeliveredAt: Time.nullable(),
  lastFailureAt: Time.nullable(),
  lastFailureReason: z.literal([...sendFailureReasons]).nullable(),
  givenUpInARow: z.int().nonnegative().describe("Notices given up since the last delivery"),
  pending: z.int().nonnegative().describe("Notices on their way"),
});
export const ReceiverList = z.strictObject({ receivers: z.array(Receiver) });

export const Routing = z.strictObject({
  receivers: z.array(
    z.strictObject({
      receiver: z.string(),
      path: z.string().describe("The route in the configuration"),
      repeatMs: z.int().positive(),
      muted: z.boolean(),
      mutedUntil: Time.nullable().describe("When to look again"),
      why: z.array(z.string()).describe("The conditions that hold, and the mute times in force"),
    }),
  ),
  silencedBy: Silence.nullable().describe("Of several the one that ends last"),
  explanation: z.array(z.string()).describe("The way through the routes, in lines for people"),
});

export const Document = z.looseObject({ openapi: z.string() }).describe("An OpenAPI 3.1 document");

/** Everything above, by the name it has in the OpenAPI document. */
export const components = {
  Problem,
  Liveness,
  Readiness,
  Evidence,
  Conflict,
  Remedy,
  Cause,
  Notice,
  Incident,
  Event,
  Diagnosis,
  QuarantinedItem,
  Rule,
  Code,
  IncidentPage,
  IncidentDetail,
  EventPage,
  QuarantinePage,
  RuleList,
  Requeued,
  Silence,
  SilenceList,
  Receiver,
  ReceiverList,
  Routing,
  Document,
} as const satisfies Record<string, z.ZodType>;

export type ComponentName = keyof typeof components;

/** What may be given as a component: the same shape, unchangeable, as core and ports have it. */
export type Given<K extends ComponentName> = Frozen<z.output<(typeof components)[K]>>;

type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;
