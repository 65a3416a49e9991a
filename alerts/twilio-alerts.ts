/*
 * Alerts on the health of what you run on Twilio.
 */
import { metrics } from "../src/telemetry/metric-names.ts";
import type { Alert } from "./alert.ts";
import { aggregate, count, grownBy, indent, knownSince, select } from "./expressions.ts";
import { recordings } from "./recording-rules.ts";

/** A code that Faultline diagnoses in depth, so that an incident says which cause applies. */
interface DiagnosedCode {
  readonly alert: string;
  readonly code: number;
  readonly product: string;
  readonly summary: string;
  /** What the code means, for somebody who has not met it. */
  readonly meaning: string;
}

const diagnosedCodes: readonly DiagnosedCode[] = [
  {
    alert: "TwilioProxyIdentifierInUse",
    code: 80604,
    product: "Proxy",
    summary: "Twilio Proxy refused to put one person on one Proxy number twice.",
    meaning:
      "the same person and Proxy number would have stood in two active Sessions, so a Session was not opened or a Participant not added",
  },
  {
    alert: "TwilioProxyUnknownParticipant",
    code: 80903,
    product: "Proxy",
    summary: "Twilio Proxy could not tell which Participant a request was about.",
    meaning:
      "neither the Participant's SID nor the address of whoever called or wrote leads to a Participant of the Session",
  },
  {
    alert: "TwilioProxyUnknownScenario",
    code: 80905,
    product: "Proxy",
    summary: "Calls or messages reach Proxy numbers that no Session handles.",
    meaning: "somebody called or wrote to a Proxy number, and no valid Session says whom to connect them with",
  },
  {
    alert: "TwilioConversationBindingExists",
    code: 50416,
    product: "Conversations",
    summary: "A person could not be added to a Twilio Conversation.",
    meaning: "this person and this Twilio number are already connected in another Conversation that is not closed",
  },
  {
    alert: "TwilioFrontlineConversationExists",
    code: 48031,
    product: "Frontline",
    summary: "A Twilio Frontline user could not start a conversation with a customer.",
    meaning: "the customer and the Twilio number are already connected in another conversation on the same channel",
  },
];

/**
 * Open incidents and not events: they are in the shared record, so restarts, several processes and the first event of a
 * series make no difference, and what your rules silence stays silent.
 */
function diagnosedCodeAlert({ alert, code, product, summary, meaning }: DiagnosedCode): Alert {
  const open = select(recordings.incidentsOpen.record, `code="${code}"`);
  return {
    name: alert,
    severity: "warning",
    for: "1m",
    expr: `${aggregate("sum", "job, code", `max_over_time(${open}[5m])`)} > 0`,
    summary,
    description: `Open incidents of Twilio error ${code}: ${count}. It means that ${meaning}. Faultline has the cause, what is in the way and the command for it: /api/v1/incidents?state=open&code=${code}`,
    dashboard: "proxyAndConversations",
    labels: { code: String(code), product },
  };
}

const events = metrics.debuggerEvents.name;
const buildInfo = metrics.buildInfo.name;

/**
 * The codes of requests from Twilio to your server that failed, and of answers Twilio could not use.
 * https://www.twilio.com/docs/api/errors/11200 and its neighbours.
 */
export const webhookCodes = "112..|11750|12100|12300";

const webhookErrors = select(events, `code=~"${webhookCodes}"`, 'level="ERROR"');

/**
 * Twilio's checklist for production asks for an alert on any webhook error:
 * https://github.com/twilio/ai, skills/twilio/twilio-debugging-observability, "Monitoring Checklist".
 */
const webhookFailures: Alert = {
  name: "TwilioWebhookFailures",
  severity: "warning",
  for: "1m",
  expr: `${aggregate("sum", "job, account, product, code", grownBy(webhookErrors, 15))} > 0`,
  summary: "Twilio gets no usable answer from your webhook endpoints.",
  description: `Requests from Twilio to your endpoints that failed with {{ $labels.code }} in the last 15 minutes: ${count} (account {{ $labels.account }}). Callers and senders probably noticed. URL, status and likely cause: /api/v1/incidents?state=open&code={{ $labels.code }}`,
  dashboard: "twilioErrors",
};

/** Twilio publishes no number for this one; ten in its Alarms' shortest period, 5 minutes, and lasting, is no blip. */
const webhooksDown: Alert = {
  name: "TwilioWebhooksDown",
  severity: "critical",
  for: "10m",
  expr: `${aggregate("sum", "job, account, product, code", grownBy(webhookErrors, 5))} >= 10`,
  summary: "Your webhook endpoints keep failing Twilio.",
  description: `For 10 minutes at least 10 requests from Twilio to your endpoints have failed in every 5, now ${count}, with {{ $labels.code }} (account {{ $labels.account }}). Calls and messages are being lost. URL, status and likely cause: /api/v1/incidents?state=open&code={{ $labels.code }}`,
  dashboard: "twilioErrors",
};

/** An hour with fewer errors than this is never a surge. */
export const surgeFloor = 20;

/** How many times the errors of the same hour last week make a surge. */
export const surgeFactor = 3;

const lastHour = `sum by (job, account, product) (${select(recordings.eventsIncrease1h.record, 'level=~"ERROR|WARNING"')})`;
const lastWeek = lastHour.replace(/\)$/, " offset 1w)");

/**
 * Where last week has nothing of an account and product, everything above the floor is a surge, provided that Faultline
 * was watching then; in its first week there is nothing to compare with, and this alert stays quiet.
 */
const errorRateSurge: Alert = {
  name: "TwilioErrorRateSurge",
  severity: "warning",
  for: "10m",
  expr: [
    "(",
    `    ${lastHour}`,
    "  >=",
    `    ${surgeFactor} * ${lastWeek}`,
    "or",
    "  (",
    `      ${lastHour}`,
    "    unless",
    `      ${lastWeek}`,
    "    and on (job)",
    `      ${knownSince(buildInfo, "1w")}`,
    "  )",
    `) >= ${surgeFloor}`,
  ].join("\n"),
  summary: "Twilio reports far more errors than in the same hour last week.",
  description: `${count} errors and warnings of {{ $labels.product }} in the last hour (account {{ $labels.account }}), at least ${surgeFactor} times as many as in the same hour last week. What is open now: /api/v1/incidents?state=open`,
  dashboard: "twilioErrors",
};

const seen = select(recordings.codesSeen.record, 'code!="other"');

/** From the second day on; before that every code is new. 14 days are what Prometheus keeps unless told otherwise. */
const newErrorCode: Alert = {
  name: "TwilioNewErrorCode",
  severity: "info",
  for: "5m",
  expr: [
    seen,
    "unless",
    indent(`max_over_time(${seen}[14d:5m] offset 1h)`),
    "and on (job)",
    indent(knownSince(buildInfo, "1d")),
  ].join("\n"),
  summary: "A Twilio error code has come for the first time.",
  description:
    "Twilio error {{ $labels.code }} has come within the last hour and not once in the 14 days before. What it means: /api/v1/codes/{{ $labels.code }}, what happened: /api/v1/incidents?code={{ $labels.code }}",
  dashboard: "twilioErrors",
};

const unknownErrorCode: Alert = {
  name: "TwilioUnknownErrorCode",
  severity: "info",
  for: "5m",
  expr: `${aggregate("sum", "job, account", grownBy(metrics.unknownCodeEvents.name, 60))} > 0`,
  summary: "Twilio sends error codes that Faultline's catalogue does not have.",
  description: `Events of the last hour with a code that neither the catalogue nor a rule knows: ${count} (account {{ $labels.account }}). The latest events with their codes: /api/v1/events?limit=50`,
  dashboard: "twilioErrors",
};

/** Those that are looked at often. */
export const twilioAlerts: readonly Alert[] = [
  ...diagnosedCodes.map(diagnosedCodeAlert),
  webhookFailures,
  webhooksDown,
  errorRateSurge,
  unknownErrorCode,
];

/** Those that look far back, and therefore seldom. */
export const slowTwilioAlerts: readonly Alert[] = [newErrorCode];
