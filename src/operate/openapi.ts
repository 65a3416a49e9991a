import { z } from "zod";
import type { AnyEndpoint } from "./endpoint.ts";
import { type ComponentName, components } from "./schemas.ts";

/** The OpenAPI 3.1 document of the private port, made from the endpoints and their schemas. */
export function openApiDocument(endpoints: readonly AnyEndpoint[], version: string): Given {
  return {
    openapi: "3.1.0",
    info: {
      title: "Faultline",
      version,
      description: "Private HTTP side: health, metrics, the record, and what operators may change.",
    },
    security: [{ bearer: [] }, { basic: [] }],
    paths: {
      "/livez": { get: open("Whether the process runs", { "200": json("The process runs", "Liveness") }) },
      "/readyz": {
        get: open("Whether it can take deliveries", {
          "200": json("It can", "Readiness"),
          "503": json("It cannot; checks say why", "Readiness"),
        }),
      },
      "/metrics": {
        get: {
          summary: "Metrics for Prometheus",
          responses: {
            "200": { description: "Metrics", content: { "text/plain": text, "application/openmetrics-text": text } },
            ...refusals(401),
          },
        },
      },
      ...operationsByPath(endpoints),
    },
    components: {
      schemas: schemas(),
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "ADMIN_TOKEN, where it is set" },
        basic: { type: "http", scheme: "basic", description: "Any user, ADMIN_TOKEN as password" },
      },
    },
  };
}

type Given = Readonly<Record<string, unknown>> & { readonly openapi: string };

const text = { schema: { type: "string" } };

function open(summary: string, responses: Record<string, unknown>) {
  return { summary, security: [], responses };
}

function operationsByPath(endpoints: readonly AnyEndpoint[]): Record<string, Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const each of endpoints) {
    paths[each.path] = { ...paths[each.path], [each.method.toLowerCase()]: operation(each) };
  }
  return paths;
}

function operation({ method, summary, params, query, body, success, response }: AnyEndpoint) {
  const statuses = method === "GET" ? [400, 401, 404, 500, 503] : [400, 401, 403, 404, 500, 503];
  return {
    summary,
    parameters: [...parameters("path", params), ...parameters("query", query)],
    ...(method === "POST" && { requestBody: requestBody(body) }),
    responses: {
      [String(success)]: json(success === 201 ? "Made" : "Done", response),
      ...refusals(...statuses, ...(method === "POST" ? [413, 415] : [])),
    },
  };
}

function requestBody(schema: z.ZodObject) {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return { required: true, content: { "application/json": { schema: rest } } };
}

function parameters(place: "path" | "query", schema: z.ZodObject) {
  return Object.entries(schema.shape).map(([name, each]) => {
    const { $schema: _dialect, description, ...rest } = z.toJSONSchema(each, { io: "output" });
    return { name, in: place, required: place === "path", description, schema: rest };
  });
}

function refusals(...statuses: readonly number[]) {
  return Object.fromEntries(statuses.map((status) => [String(status), json("Refused, with the reason", "Problem")]));
}

function json(description: string, component: ComponentName) {
  return { description, content: { "application/json": { schema: { $ref: reference(component) } } } };
}

function reference(component: string): string {
  return `#/components/schemas/${component}`;
}

function schemas() {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(components)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { uri: reference, io: "output" }).schemas;
  return Object.fromEntries(
    Object.entries(made).map(([name, { $schema: _dialect, $id: _id, ...rest }]) => [name, rest]),
  );
}
