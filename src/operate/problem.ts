import type { z } from "zod";
import { expectation } from "./expectation.ts";
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
  const issue = error.issues[0];
  const known = Object.keys(schema.shape);
  if (issue?.code === "unrecognized_keys") return unknownNames("parameters", known, issue.keys);
  const name = String(issue?.path[0] ?? "");
  const value = Object.hasOwn(given, name) ? given[name] : undefined;
  const parameter = known.includes(name) ? schema.shape[name] : undefined;
  const expected = parameter === undefined ? "known parameters" : (descriptionOf(parameter) ?? "another value");
  return refusal(
    400,
    `${name}: ${expected}`,
    Array.isArray(value) ? `${value.length} values` : JSON.stringify(value ?? null),
    `correct ${name}, or leave it out; GET /api/v1/openapi.json lists every parameter`,
  );
}

/** 400 for the first field of a JSON body that does not fit. */
export function badBody(error: z.ZodError, schema: z.ZodObject, given: unknown): Refusal {
  const known = Object.keys(schema.shape);
  const issue = error.issues[0];
  const seeDocument = "GET /api/v1/openapi.json lists every field";
  if (issue === undefined || typeof given !== "object" || given === null || Array.isArray(given)) {
    return refusal(400, `a JSON object with the fields ${known.join(", ")}`, shown(given), seeDocument);
  }
  if (issue.code === "unrecognized_keys" && issue.path.length === 0) return unknownNames("fields", known, issue.keys);
  const place = issue.path.map(String).join(".");
  const value = valueAt(given, issue.path);
  const correct = value === undefined ? `add ${place}; ${seeDocument}` : `correct ${place}; ${seeDocument}`;
  // What a schema of ours says of its own accord is the fix to make.
  const fix = issue.code === "custom" && issue.message !== "Invalid input" ? issue.message : correct;
  return refusal(400, `${place}: ${expectation(issue)}`, shown(value), fix);
}

function unknownNames(kind: "parameters" | "fields", known: readonly string[], given: readonly string[]): Refusal {
  const expected = known.length === 0 ? `no ${kind}` : `only the ${kind} ${known.join(", ")}`;
  return refusal(400, expected, given.join(", "), "remove what is not listed, or correct its spelling");
}

/** Own fields only. */
function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  let value = given;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : JSON.stringify(value);
}

function descriptionOf(parameter: unknown): string | undefined {
  const description =
    typeof parameter === "object" && parameter !== null ? Reflect.get(parameter, "description") : undefined;
  return typeof description === "string" ? description : undefined;
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
