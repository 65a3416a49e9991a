/*
 * What can go wrong between Twilio and a webhook, in the order in which a request can fail, and which of it Twilio's
 * numbers name. Twilio gives such a number as the code of the event or, where that code is a general one, at the start
 * of the response header X-Twilio-WebhookError. Source of each number: https://www.twilio.com/docs/api/errors/<number>
 */

/** The causes, earliest first. */
export const httpCauses = [
  "bad-url",
  "dns",
  "connect",
  "tls",
  "timeout",
  "redirect",
  "protocol",
  "status-code",
  "content-type",
  "body-too-large",
  "invalid-body",
] as const;

export type HttpCause = (typeof httpCauses)[number];

/** What a number of Twilio's says about a failed request. */
export interface HttpFailure {
  readonly number: number;
  readonly cause: HttpCause;
  /** Follows "failed with <number>: ". */
  readonly says: string;
  /** Causes this number excludes. One it neither names nor excludes stays open. */
  readonly excludes: readonly HttpCause[];
  /** A general number, which a more exact one in the response header overrules. */
  readonly general?: true;
}

/** The answer was never seen, so nothing in it can be the cause. */
const noAnswer = ["status-code", "content-type", "body-too-large", "invalid-body"] as const;
const notConnected = ["tls", "timeout", "protocol", ...noAnswer] as const;
/** A proper answer came. */
const answered = ["dns", "connect", "tls", "timeout", "redirect", "protocol"] as const;
const notAsked = ["dns", "connect", "tls", "timeout", "redirect", "protocol", ...noAnswer] as const;
/** Numbers about the server's certificate: it was shown, so there was a connection. */
const certificate = ["dns", "connect", "timeout", "protocol", ...noAnswer] as const;
const redirected = ["dns", "connect", "tls", "timeout", "protocol", ...noAnswer] as const;

/** Redirects may lead to another host: what fails before an answer may have failed there, so `redirect` stays open. */
const failures: readonly HttpFailure[] = [
  { number: 11100, cause: "bad-url", says: "the URL is not valid", excludes: notAsked },
  { number: 11201, cause: "connect", says: "the connection timed out", excludes: ["dns", ...notConnected] },
  { number: 11202, cause: "connect", says: "the connection was refused", excludes: ["dns", ...notConnected] },
  { number: 11203, cause: "timeout", says: "connection and answer took longer than Twilio waits", excludes: noAnswer },
  {
    number: 11205,
    cause: "connect",
    says: "the connection failed or broke off before an answer came",
    excludes: ["dns", ...noAnswer],
    general: true,
  },
  { number: 11206, cause: "protocol", says: "the answer was no proper HTTP", excludes: ["dns", ...noAnswer] },
  { number: 11210, cause: "dns", says: "the host name could not be resolved", excludes: ["connect", ...notConnected] },
  { number: 11215, cause: "redirect", says: "there were too many redirects", excludes: redirected },
  { number: 11216, cause: "redirect", says: "a redirect was not valid", excludes: redirected },
  { number: 11217, cause: "status-code", says: "the answer was an error status", excludes: answered, general: true },
  {
    number: 11220,
    cause: "tls",
    says: "no encrypted connection came about",
    excludes: ["dns", "timeout", "protocol", ...noAnswer],
  },
  { number: 11235, cause: "tls", says: "the certificate is for another host name", excludes: certificate },
  { number: 11236, cause: "tls", says: "the certificate has expired", excludes: certificate },
  { number: 11237, cause: "tls", says: "the certificate leads to no authority Twilio trusts", excludes: certificate },
  { number: 11240, cause: "bad-url", says: "the edge location after the # is not valid", excludes: notAsked },
  { number: 11241, cause: "bad-url", says: "the edge location after the # is not supported", excludes: notAsked },
  { number: 11242, cause: "bad-url", says: "the URL asks for an Interconnect that is not allowed", excludes: notAsked },
  { number: 11243, cause: "bad-url", says: "the retry policy after the # is not valid", excludes: notAsked },
  { number: 11251, cause: "protocol", says: "the answer broke the HTTP protocol", excludes: ["dns", ...noAnswer] },
  { number: 11750, cause: "body-too-large", says: "the answer is larger than 64 KB", excludes: answered },
  { number: 11770, cause: "invalid-body", says: "the answer has no body", excludes: [...answered, "body-too-large"] },
  { number: 12100, cause: "invalid-body", says: "the answer is not well-formed XML", excludes: answered },
  { number: 12300, cause: "content-type", says: "the answer's Content-Type is of no use here", excludes: answered },
];

const byNumber = new Map(failures.map((failure) => [failure.number, failure]));

/** What a number says, null for one that names no cause, 11200 among them. */
export function httpFailureOf(number: number): HttpFailure | null {
  return byNumber.get(number) ?? null;
}

/** What the number leading Twilio's reason says, such as `11203 HTTP communication total time out triggered`. */
export function httpFailureNamedBy(reason: string | null): HttpFailure | null {
  const number = /^\s*(\d{5})(?!\d)/.exec(reason ?? "")?.[1];
  return number === undefined ? null : httpFailureOf(Number(number));
}

const causesByCode: Readonly<Record<number, readonly HttpCause[]>> = {
  11200: httpCauses,
  11201: ["bad-url", "connect"],
  11202: ["bad-url", "connect"],
  11203: ["connect", "timeout"],
  11205: ["bad-url", "connect", "timeout"],
  11206: ["bad-url", "connect", "protocol"],
  11210: ["bad-url", "dns"],
  11215: ["redirect"],
  11216: ["redirect"],
  11217: ["bad-url", "status-code"],
  11220: ["tls"],
  11235: ["bad-url", "tls"],
  11236: ["tls"],
  11237: ["tls"],
  11750: ["body-too-large"],
  12100: ["invalid-body"],
  12300: ["bad-url", "content-type"],
};

/** The codes that get a verdict, ascending. */
export const httpRetrievalCodes: readonly number[] = Object.keys(causesByCode).map(Number);

/** The causes that may be behind a code, earliest first; all of them for any other code. Its rule lists the same. */
export function httpCausesOf(code: number): readonly HttpCause[] {
  return (Object.hasOwn(causesByCode, code) ? causesByCode[code] : undefined) ?? httpCauses;
}
