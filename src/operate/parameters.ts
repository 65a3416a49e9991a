/*
 * Parameters of the API. The description of each is also what a refusal says was expected.
 */
import { z } from "zod";
import type { Labels } from "../core/notice/labels.ts";
import { severities } from "../core/rules/rule.ts";

/** Page size unless asked for, and at most. */
export const defaultLimit = 50;
export const maxLimit = 500;

// The largest a PostgreSQL integer holds.
const maxCode = 2_147_483_647;

/** Ids and cursors are opaque, but never long and never anything but these characters (NUL would upset PostgreSQL). */
const opaque = /^[\w.:~+/=-]{1,512}$/;

function integer(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number)
    .pipe(z.int().min(min).max(max));
}

const limit = integer(1, maxLimit).default(defaultLimit).describe(`an integer from 1 to ${maxLimit}`);
const cursor = z.string().regex(opaque).optional().describe("the nextCursor of the page before");
const code = integer(0, maxCode).describe("an error code of Twilio, such as 80604");
const id = z.string().regex(opaque).describe("the id of an incident, as /api/v1/incidents gives it");

export const NoParameters = z.strictObject({});

/** How much work is taken up again at once, at most. */
export const maxRequeued = 10_000;

export const RequeueRequest = z.strictObject({
  limit: z.int().min(1).max(maxRequeued).default(maxRequeued).describe(`an integer from 1 to ${maxRequeued}`),
});

export const IncidentsQuery = z.strictObject({
  state: z.literal(["open", "resolved"]).optional().describe("open or resolved"),
  code: code.optional().describe("an error code of Twilio, such as 80604"),
  limit,
  cursor,
});

export const EventsQuery = z.strictObject({
  incident: id.optional().describe("the id of an incident, as /api/v1/incidents gives it"),
  code: code.optional().describe("an error code of Twilio, such as 80604"),
  limit,
  cursor,
});

export const SilencesQuery = z.strictObject({
  ended: z
    .literal(["true", "false"])
    .default("false")
    .transform((text) => text === "true")
    .pipe(z.boolean())
    .describe("true to list those that have ended, too"),
  limit,
});

export const SilencePath = z.strictObject({
  id: z.string().regex(opaque).describe("the id of a silence, as /api/v1/silences gives it"),
});

const label = z.string().max(1_000).exactOptional();

/** The labels of an incident, real or made up. */
export const LabelsQuery = z.strictObject({
  severity: label.describe(`one of ${severities.join(", ")}`),
  product: label.describe("a product, such as Proxy"),
  code: label.describe("an error code of Twilio, such as 80604"),
  account: label.describe("an account's SID"),
  service: label.describe("a Service's SID"),
  title: label.describe("the title of the incident"),
  rule: label.describe("the id of a rule"),
  incident: label.describe("the id of an incident"),
}) satisfies z.ZodType<Labels>;

export const PageQuery = z.strictObject({ limit, cursor });
export const IncidentPath = z.strictObject({ id });
export const CodePath = z.strictObject({ code });
