import { z } from "zod";
import { badBody, badParameter, type Refusal } from "./problem.ts";
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

/** Something the API does: POST makes or starts it, with a JSON body; DELETE ends it, without one. */
export interface Action<P extends z.ZodObject, B extends z.ZodObject, K extends ComponentName> {
  readonly method: "POST" | "DELETE";
  readonly path: string;
  readonly summary: string;
  readonly params: P;
  readonly body: B;
  /** 201 when something is made, else 200. */
  readonly success: 200 | 201;
  readonly response: K;
  act(params: z.output<P>, body: z.output<B>): Promise<Done<K> | Refusal>;
}

/** A 200. */
export interface Found<K extends ComponentName> {
  readonly status: 200;
  readonly body: Given<K>;
}

/** It is done; the status is the endpoint's. */
export interface Done<K extends ComponentName> {
  readonly done: Given<K>;
}

/** An endpoint as the server and the OpenAPI document see it: its own types are settled inside. */
export interface AnyEndpoint {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly summary: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body: z.ZodObject;
  readonly success: 200 | 201;
  readonly response: ComponentName;
  handle(params: Raw, query: Raw, body: unknown): Promise<{ readonly status: number; readonly body: unknown }>;
}

type Raw = Readonly<Record<string, unknown>>;

/** What takes no parameters, or no body. */
export const Nothing = z.strictObject({});

/** Wraps an endpoint so that it answers only parameters that fit, and refuses the others with 400. */
export function endpoint<P extends z.ZodObject, Q extends z.ZodObject, K extends ComponentName>(
  definition: Endpoint<P, Q, K>,
): AnyEndpoint {
  const { path, summary, params, query, response } = definition;
  return {
    method: "GET",
    path,
    summary,
    params,
    query,
    body: Nothing,
    success: 200,
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

/** The same for what writes: parameters and body must fit, and a query has no place. */
export function action<P extends z.ZodObject, B extends z.ZodObject, K extends ComponentName>(
  definition: Action<P, B, K>,
): AnyEndpoint {
  const { method, path, summary, params, body, success, response } = definition;
  return {
    method,
    path,
    summary,
    params,
    query: Nothing,
    body,
    success,
    response,
    async handle(rawParams, rawQuery, rawBody) {
      const readParams = params.safeParse({ ...rawParams });
      if (!readParams.success) return badParameter(readParams.error, params, rawParams);
      const readQuery = Nothing.safeParse({ ...rawQuery });
      if (!readQuery.success) return badParameter(readQuery.error, Nothing, rawQuery);
      const readBody = body.safeParse(rawBody);
      if (!readBody.success) return badBody(readBody.error, body, rawBody);
      const result = await definition.act(readParams.data, readBody.data);
      return "done" in result ? { status: success, body: result.done } : result;
    },
  };
}

/** A 200 with this body. */
export function found<B>(body: B): { readonly status: 200; readonly body: B } {
  return { status: 200, body };
}
