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
  const issue = error.issues[0];
  const known = Object.keys(schema.shape);
  if (issue?.code === "unrecognized_keys") {
    const expected = known.length === 0 ? "no parameters" : `only the parameters ${known.join(", ")}`;
    return refusal(400, expected, issue.keys.join(", "), "remove what is not listed, or correct its spelling");
  }
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

function descriptionOf(parameter: unknown): string | undefined {
  const description =
    typeof parameter === "object" && parameter !== null ? Reflect.get(parameter, "description") : undefined;
  return typeof description === "string" ? description : undefined;
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
