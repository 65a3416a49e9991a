import type { z } from "zod";
import { badParameter, type Refusal } from "./problem.ts";
import type { ComponentName, Given } from "./schemas.ts";

/** One resource of the API: what it takes, what it gives, and how it finds the answer. */
export interface Endpoint<P extends z.ZodObject, Q extends z.ZodObject, K extends ComponentName> {
  /** As OpenAPI writes it: `/api/v1/incidents/{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly params: P;
  readonly query: Q;
  readonly response: K;
  answer(params: z.output<P>, query: z.output<Q>): Promise<Found<K> | Refusal>;
}

/** A 200. */
export interface Found<K extends ComponentName> {
  readonly status: 200;
  readonly body: Given<K>;
}

/** An endpoint as the server and the OpenAPI document see it: its own types are settled inside. */
export interface AnyEndpoint {
  readonly path: string;
  readonly summary: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly response: ComponentName;
  handle(params: Raw, query: Raw): Promise<{ readonly status: number; readonly body: unknown }>;
}

type Raw = Readonly<Record<string, unknown>>;

/** Wraps an endpoint so that it answers only parameters that fit, and refuses the others with 400. */
export function endpoint<P extends z.ZodObject, Q extends z.ZodObject, K extends ComponentName>(
  definition: Endpoint<P, Q, K>,
): AnyEndpoint {
  const { path, summary, params, query, response } = definition;
  return {
    path,
    summary,
    params,
    query,
    response,
    async handle(rawParams, rawQuery) {
      const readParams = params.safeParse({ ...rawParams });
      if (!readParams.success) return badParameter(readParams.error, params, rawParams);
      const readQuery = query.safeParse({ ...rawQuery });
      if (!readQuery.success) return badParameter(readQuery.error, query, rawQuery);
      return definition.answer(readParams.data, readQuery.data);
    },
  };
}

/** A 200 with this body. */
export function found<B>(body: B): { readonly status: 200; readonly body: B } {
  return { status: 200, body };
}
