import type { z } from "zod";
import type { Problem } from "./schemas.ts";

/** A refusal with its status. */
export interface Refusal {
  readonly status: number;
  readonly body: Problem;
}

/** A refusal that says what was expected, what came, and what to do about it. */
export function refusal(status: number, expected: string, got: string, fix: string): Refusal {
  return { status, body: { error: { expected, got: shorten(got), fix } } };
}

/** 400 for the first parameter that does not fit, in the words of its description. */
export function badParameter(
  error: z.ZodError,
  schema: z.ZodObject,
  given: Readonly<Record<string, unknown>>,
): Refusal {
  return misfit(error, schema, given, "parameters");
}

/** 400 for the first field of a JSON body that does not fit. */
export function badBody(error: z.ZodError, schema: z.ZodObject, given: unknown): Refusal {
  const fields = Object.keys(schema.shape).join(", ");
  if (typeof given === "object" && given !== null && !Array.isArray(given)) {
    return misfit(error, schema, { ...given }, "fields");
  }
  const got = given === undefined ? "no body" : given === null ? "null" : Array.isArray(given) ? "an array" : "a value";
  return refusal(400, `a JSON object with the fields ${fields}`, got, seeDocument("fields"));
}

function misfit(
  error: z.ZodError,
  schema: z.ZodObject,
  given: Readonly<Record<string, unknown>>,
  kind: "parameters" | "fields",
): Refusal {
  const issue = error.issues[0];
  const known = Object.keys(schema.shape);
  if (issue?.code === "unrecognized_keys" && issue.path.length === 0) {
    const expected = known.length === 0 ? `no ${kind}` : `only the ${kind} ${known.join(", ")}`;
    return refusal(400, expected, issue.keys.join(", "), "remove what is not listed, or correct its spelling");
  }
  const name = String(issue?.path[0] ?? "");
  const value = Object.hasOwn(given, name) ? given[name] : undefined;
  const wanted = known.includes(name) ? schema.shape[name] : undefined;
  const expected = wanted === undefined ? `known ${kind}` : (descriptionOf(wanted) ?? "another value");
  const place = issue === undefined || issue.path.length < 2 ? name : issue.path.map(String).join(".");
  return refusal(
    400,
    `${place}: ${expected}`,
    Array.isArray(value) ? `${value.length} values` : value === undefined ? "nothing" : JSON.stringify(value),
    value === undefined ? `add ${name}` : `correct ${name}, or leave it out; ${seeDocument(kind)}`,
  );
}

function seeDocument(kind: "parameters" | "fields"): string {
  return `GET /api/v1/openapi.json lists every ${kind === "parameters" ? "parameter" : "field"}`;
}

function descriptionOf(parameter: unknown): string | undefined {
  const description =
    typeof parameter === "object" && parameter !== null ? Reflect.get(parameter, "description") : undefined;
  return typeof description === "string" ? description : undefined;
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
