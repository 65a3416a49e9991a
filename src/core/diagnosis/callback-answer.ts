/*
 * Whether the answer of an out-of-session callback is what Proxy takes: TwiML as application/xml, or JSON for creating a
 * Session as application/json. Source: https://www.twilio.com/docs/proxy/api/webhooks#out-of-session-callback
 */
import type { Subject } from "./subject.ts";
import { isXml } from "./xml.ts";

/** The answer as the event recorded it; null where Twilio recorded nothing, and a long body cut. */
export type CallbackAnswer = NonNullable<Subject["answer"]>;

/** From this length on a body may have been cut, by us or by Twilio: that it does not parse then shows nothing. */
const maybeCut = 4_000;

/** What is wrong with an answer, how sure that is, or that it is fine; `unknown` when too little was recorded. */
export type AnswerVerdict =
  | { readonly kind: "valid" }
  | { readonly kind: "unknown"; readonly why: string }
  | { readonly kind: "invalid" | "doubtful"; readonly why: string };

/** Judges an answer by status, content type and body, in this order. */
export function judgeAnswer({ status, contentType, body }: CallbackAnswer): AnswerVerdict {
  if (status !== null && (status < 200 || status > 299)) return { kind: "invalid", why: `its status was ${status}` };
  if (contentType === null) {
    const why = "the event records no content type of the answer";
    return body === null || status === null ? { kind: "unknown", why } : { kind: "doubtful", why };
  }
  const mime = (contentType.split(";")[0] ?? "").trim().toLowerCase();
  const isText = mime === "text/xml";
  if (!isText && mime !== "application/xml" && mime !== "application/json") {
    return { kind: "invalid", why: `its Content-Type was ${mime.slice(0, 80)}` };
  }
  const parsed = judgeBody(mime, body);
  if (parsed.kind === "invalid" || !isText) return status === null && parsed.kind === "valid" ? noStatus : parsed;
  return { kind: "doubtful", why: "its Content-Type was text/xml, not application/xml" };
}

const noStatus = { kind: "unknown", why: "it parses, but the event records no status of it" } as const;

function judgeBody(mime: string, body: string | null): AnswerVerdict {
  if (body === null) return { kind: "unknown", why: "the event records no body of the answer" };
  const judged = mime === "application/json" ? judgeJson(body) : judgeXml(body);
  if (judged.kind === "valid" || body.length < maybeCut) return judged;
  return { kind: "unknown", why: "its body is too long to have been recorded whole" };
}

function judgeXml(body: string): AnswerVerdict {
  const xml = isXml(body);
  if (!xml.ok) return { kind: "invalid", why: `it claims to be XML and does not parse: ${xml.why}` };
  if (xml.root === "Response") return { kind: "valid" };
  return { kind: "doubtful", why: "it is XML, but not TwiML: its root is not Response" };
}

function judgeJson(body: string): AnswerVerdict {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return { kind: "valid" };
    return { kind: "doubtful", why: "it is JSON, but not an object that describes a Session" };
  } catch {
    return { kind: "invalid", why: "it claims to be JSON and does not parse" };
  }
}
