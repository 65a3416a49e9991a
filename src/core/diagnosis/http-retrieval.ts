/*
 * HTTP retrieval failures (11200 to 11220, 11235 to 11237, 11750, 12100, 12300): Twilio asked a server of the customer's
 * and got nothing it could use. What it was stands in numbers: the code of the event, the number that leads
 * X-Twilio-WebhookError, the status of the answer. Where no server answered, Twilio notes a 502 of its own.
 * Source: https://www.twilio.com/docs/api/errors/11200
 */
import type { RemedyTemplate } from "../rules/rule.ts";
import type { Reasoned } from "./facts.ts";
import { type HttpCause, type HttpFailure, httpCausesOf, httpFailureNamedBy, httpFailureOf } from "./http-failure.ts";
import { isPlainHost, isPrivateHost, withoutPort } from "./public-host.ts";
import { gatherEvidence, rankCauses, verdict } from "./ranking.ts";
import { fillRemedies } from "./remedy.ts";
import type { CauseVerdict, Evidence, FailedRequest, Verdict } from "./verdict.ts";

/** What is looked at: the event and, when it could be fetched, its Alert. Redacted. */
export interface HttpRetrievalFacts {
  readonly code: number;
  /** The `NO…` sid, for the command that reads the Alert. */
  readonly eventSid: string | null;
  readonly failedRequest: FailedRequest | null;
  /** Content-Type of the answer; null when its headers are not known or lack it. */
  readonly contentType: string | null;
  /** Twilio's sentence. It is shown and never decides anything. */
  readonly message: string | null;
  /** `event`, or `GET /v1/Alerts/NO…` when the Alert was read. */
  readonly source: string;
  /** When it was read, ISO 8601 UTC. */
  readonly at: string;
}

const answers: Readonly<Record<HttpCause, readonly string[]>> = {
  "bad-url": ["correct-the-url"],
  dns: ["resolve-the-name", "correct-the-url"],
  connect: ["open-a-connection", "let-twilio-in"],
  tls: ["renew-the-certificate"],
  timeout: ["answer-first"],
  redirect: ["give-the-final-url"],
  protocol: ["call-the-url", "look-at-the-raw-answer"],
  "status-code": ["read-the-server-log", "call-the-url"],
  "content-type": ["send-the-content-type", "call-the-url"],
  "body-too-large": ["return-less", "call-the-url"],
  "invalid-body": ["validate-the-twiml", "call-the-url"],
};

/** Verdicts on the causes that may be behind a code, in the words of the rule whose remedies are given. */
export function reasonHttpRetrieval(facts: HttpRetrievalFacts, remedies: readonly RemedyTemplate[]): Reasoned {
  const findings = findingsOf(facts);
  const named = [...findings].filter(([, { of }]) => of === "confirmed" || of === "likely").map(([cause]) => cause);
  const listed = httpCausesOf(facts.code);
  const ids = [...listed, ...named.filter((cause) => !listed.includes(cause))];
  const causes = rankCauses(ids.map((id) => toVerdict(id, findings.get(id) ?? null, facts)));
  return {
    causes,
    evidence: gatherEvidence(causes, context(facts)),
    conflicts: [],
    remedies: fillRemedies(remedies, causes, {
      targets: facts.eventSid === null ? [] : [{ event: facts.eventSid }],
      values: hostValues(facts.failedRequest?.host ?? null),
      answers,
    }),
  };
}

/** What is found out about a cause, and the sentence that says so; no sentence where the leading cause says it all. */
interface Finding {
  readonly of: Verdict;
  readonly text: string | null;
}

type Findings = Map<HttpCause, Finding>;

function findingsOf(facts: HttpRetrievalFacts): Findings {
  const findings: Findings = new Map();
  const own = httpFailureOf(facts.code);
  const named = httpFailureNamedBy(facts.failedRequest?.reason ?? null);
  const failures = decisive(own, named);
  for (const failure of failures) {
    const of = failures.length > 1 ? "likely" : "confirmed";
    findings.set(failure.cause, { of, text: `${subjectOf(facts)} failed with ${failure.number}: ${failure.says}.` });
  }
  if (failures.length === 1) exclude(findings, failures[0]?.excludes ?? [], null);
  fromStatus(facts, failures, findings);
  fromContentType(facts, findings);
  fromHost(facts, findings);
  return findings;
}

/** The number in the header overrules a general code. Two exact ones that differ leave it open which of them counts. */
function decisive(own: HttpFailure | null, named: HttpFailure | null): readonly HttpFailure[] {
  const known = [own, named].filter((failure) => failure !== null);
  const exact = known.filter(({ general }) => general !== true);
  const counting = exact.length > 0 ? exact : known;
  return counting.filter(({ cause }, index) => counting.findIndex((other) => other.cause === cause) === index);
}

/** What the status says where no number of Twilio's has said more. */
function fromStatus(facts: HttpRetrievalFacts, failures: readonly HttpFailure[], findings: Findings): void {
  const status = facts.failedRequest?.status ?? null;
  if (status === null) return;
  const isServers = status !== 502 || answerWasSeen(facts);
  const text = `${subjectOf(facts)} was answered ${status}${meaningOf(status)}.`;
  if (failures.some(({ cause }) => cause !== "status-code")) {
    const isAnswered = failures.every(({ excludes }) => !excludes.includes("status-code"));
    if (isAnswered && status >= 200 && status < 300) findings.set("status-code", { of: "ruled-out", text });
    return;
  }
  if (facts.code !== 11200 && facts.code !== 11217) return;
  if (status >= 400) {
    const doubt = " Twilio also notes 502 where no server answered, and the headers of the answer are not known.";
    const of = isServers || failures.length > 0 ? "confirmed" : "likely";
    findings.set("status-code", { of, text: isServers ? text : text + doubt });
    if (!isServers) return;
    exclude(findings, ["dns", "connect", "tls", "timeout", "redirect", "protocol"], text);
    if (status === 404 || status === 410) {
      findings.set("bad-url", { of: "likely", text: `${text} The URL in Twilio's configuration may be wrong.` });
    }
  } else if (failures.length === 0) {
    exclude(findings, ["dns", "connect", "tls", "status-code"], text);
    if (status >= 300) findings.set("redirect", { of: "likely", text });
    else if (status >= 200) exclude(findings, ["redirect"], text);
  }
}

/** The headers of an answer are known, and Twilio's own word on a missing answer is not among them. */
function answerWasSeen({ contentType, failedRequest }: HttpRetrievalFacts): boolean {
  return contentType !== null && httpFailureNamedBy(failedRequest?.reason ?? null) === null;
}

/** What Twilio takes, depending on what it asked for. Source: https://www.twilio.com/docs/voice/twiml */
const usableTypes = /^(?:text\/(?:xml|html|plain)|application\/(?:xml|json|[\w.+-]+\+(?:xml|json))|audio\/[\w.+-]+)$/;

function fromContentType(facts: HttpRetrievalFacts, findings: Findings): void {
  const { code, contentType, failedRequest } = facts;
  if (contentType === null || !answerWasSeen(facts)) return;
  const shown = `The answer came as ${short(contentType)}.`;
  const found = findings.get("content-type");
  if (code === 12300) {
    if (found !== undefined) findings.set("content-type", { ...found, text: `${found.text} ${shown}` });
    return;
  }
  const status = failedRequest?.status ?? 0;
  if (code !== 11200 || found !== undefined || status < 200 || status >= 300) return;
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (usableTypes.test(type)) return;
  findings.set("content-type", { of: "likely", text: `${shown} Twilio takes TwiML as text/xml or application/xml.` });
}

/** A host that is not on the public internet explains why nobody answered there. */
function fromHost(facts: HttpRetrievalFacts, findings: Findings): void {
  const host = facts.failedRequest?.host ?? null;
  if (host === null || !isPrivateHost(host) || findings.has("bad-url")) return;
  const wasReached = [...findings].some(([cause, { of }]) => cause === "connect" && of === "ruled-out");
  const wasNotFound = findings.get("dns")?.of === "confirmed";
  if (wasReached && !wasNotFound) return;
  const text = `The host ${short(host)} is not one that can be reached from the public internet.`;
  findings.set("bad-url", { of: "likely", text });
}

function exclude(findings: Findings, causes: readonly HttpCause[], text: string | null): void {
  for (const cause of causes) if (!findings.has(cause)) findings.set(cause, { of: "ruled-out", text });
}

function toVerdict(id: HttpCause, finding: Finding | null, facts: HttpRetrievalFacts): CauseVerdict {
  if (finding === null) return verdict(id, "unknown");
  return verdict(id, finding.of, finding.text === null ? null : shown(facts, finding.text));
}

/** What was asked, however it failed; said where no cause says it. */
function context(facts: HttpRetrievalFacts): readonly Evidence[] {
  const reason = facts.failedRequest?.reason ?? facts.message;
  const status = facts.failedRequest?.status ?? null;
  if (reason === null && status === null && facts.failedRequest?.host == null) return [];
  const noted = status === null ? "" : `; Twilio notes status ${status}`;
  const said = reason === null ? "" : `; its reason: ${short(reason)}`;
  return [shown(facts, `${subjectOf(facts)} failed${noted}${said}.`)];
}

/** E.g. `POST app.example.com/voice`. */
function subjectOf({ failedRequest }: HttpRetrievalFacts): string {
  const host = failedRequest?.host ?? null;
  const target = host === null ? (failedRequest?.path ?? "the webhook") : `${host}${failedRequest?.path ?? ""}`;
  return failedRequest?.method == null ? `The request to ${short(target)}` : `${failedRequest.method} ${short(target)}`;
}

function meaningOf(status: number): string {
  if (status === 401 || status === 403) return ": the server turned Twilio away";
  if (status === 404 || status === 410) return ": the server knows nothing under this path";
  if (status === 405) return ": the server does not take this method";
  if (status === 429) return ": the server takes no more requests for now";
  if (status >= 500) return ": the server, or a proxy before it, failed";
  return "";
}

function hostValues(host: string | null): Readonly<Record<string, Readonly<Record<string, string>>>> {
  if (host === null || !isPlainHost(host)) return {};
  return {
    "resolve-the-name": { WEBHOOK_HOST: withoutPort(host) },
    "open-a-connection": { WEBHOOK_HOST: host },
    "renew-the-certificate": { WEBHOOK_HOST: host },
  };
}

function shown(facts: HttpRetrievalFacts, text: string): Evidence {
  return { text, source: facts.source, observedAt: facts.at };
}

/** Text of others on one line, cut. */
function short(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();
  return line.length > 300 ? `${line.slice(0, 299).toWellFormed()}…` : line;
}
