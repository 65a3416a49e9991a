import express, { type Express, type NextFunction, type Request, type Response } from "express";
import type { CodeBook } from "../core/rules/advice.ts";
import type { Secret } from "../core/secret.ts";
import { type Log, type RecordReader, StoreUnavailable } from "../pipeline/ports.ts";
import { prefersOpenMetrics } from "./accept.ts";
import { access, challenges } from "./auth.ts";
import { codeEndpoints } from "./codes.ts";
import { type AnyEndpoint, endpoint, found } from "./endpoint.ts";
import { eventEndpoints } from "./events.ts";
import { type ReadinessCheck, readinessOf } from "./health.ts";
import { incidentEndpoints } from "./incidents.ts";
import { jsonBody } from "./json-body.ts";
import { type NoticeSide, noticeEndpoints } from "./notices.ts";
import { openApiDocument } from "./openapi.ts";
import { NoParameters } from "./parameters.ts";
import { type Refusal, refusal } from "./problem.ts";
import { type Requeue, requeueEndpoint } from "./requeue.ts";
import { foreignHost, foreignOrigin } from "./same-origin.ts";
import { type ComponentName, components } from "./schemas.ts";

/** What the private port shows. */
export interface OperateOptions {
  readonly reader: RecordReader;
  readonly renderMetrics: (format: "prometheus" | "openmetrics") => Promise<{ contentType: string; body: string }>;
  readonly readiness: ReadinessCheck;
  readonly codes: CodeBook;
  readonly requeue: Requeue;
  /** Left out where no notices are sent. */
  readonly notices?: NoticeSide;
  /** Asked for on everything but /livez and /readyz; null asks for nothing. */
  readonly adminToken: Secret | null;
  readonly version: string;
  readonly log: Log;
}

/** The private HTTP side as an express app; the caller listens. */
export function createOperateApp(options: OperateOptions): Express {
  const { log } = options;
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use(setHeaders);

  get(app, "/livez", (_request, response) => {
    send(response, log, 200, { status: "ok" }, "Liveness");
  });
  get(app, "/readyz", async (_request, response) => {
    const state = await readinessOf(options.readiness);
    send(response, log, state.ready ? 200 : 503, state, "Readiness");
  });

  app.use(knownHost(options.adminToken !== null));
  app.use(guard(options.adminToken));

  get(app, "/metrics", async (request, response) => {
    const format = prefersOpenMetrics(request.headers.accept) ? "openmetrics" : "prometheus";
    const { contentType, body } = await options.renderMetrics(format);
    response.status(200).setHeader("Content-Type", contentType).end(body);
  });
  for (const [path, endpoints] of Map.groupBy(allEndpoints(options), (each) => each.path)) {
    serve(app, path, endpoints, options);
  }

  app.use((request, response) => refuse(response, notFound(request.path)));
  app.use(onError(log));
  return app;
}

/** The paths of the private port as they are declared, parameters as `{id}`. */
export function operateRoutes(options: OperateOptions): readonly string[] {
  return [...new Set(["/livez", "/readyz", "/metrics", documentPath, ...resources(options).map(({ path }) => path)])];
}

const documentPath = "/api/v1/openapi.json";

function resources({ reader, codes, requeue, notices }: OperateOptions): readonly AnyEndpoint[] {
  return [
    ...incidentEndpoints(reader, codes, notices?.reader),
    ...eventEndpoints(reader),
    ...codeEndpoints(codes),
    requeueEndpoint(requeue),
    ...(notices === undefined ? [] : noticeEndpoints(notices)),
  ];
}

function allEndpoints(options: OperateOptions): readonly AnyEndpoint[] {
  const document = endpoint({
    path: documentPath,
    summary: "This document",
    params: NoParameters,
    query: NoParameters,
    response: "Document",
    answer: async () => found(openApi),
  });
  const all = [...resources(options), document];
  const openApi = openApiDocument(all, options.version);
  return all;
}

/** The endpoints of one path, one a method; 405 for every other method. */
function serve(app: Express, path: string, endpoints: readonly AnyEndpoint[], options: OperateOptions): void {
  const { log, adminToken } = options;
  const route = app.route(path.replaceAll(/\{(\w+)\}/g, ":$1"));
  for (const each of endpoints) {
    const answer = async (request: Request, response: Response): Promise<void> => {
      const given: unknown = each.method === "POST" ? request.body : {};
      const { status, body } = await each.handle(request.params, request.query, given);
      send(response, log, status, body, status === each.success ? each.response : "Problem");
    };
    const fromHere = (request: Request, response: Response, next: NextFunction): void => {
      const foreign = foreignOrigin(request.headers.origin, request.headers.host, adminToken !== null);
      if (foreign === null) next();
      else refuse(response, foreign);
    };
    if (each.method === "GET") route.get(answer);
    else if (each.method === "DELETE") route.delete(fromHere, answer);
    else route.post(fromHere, jsonBody(refuse), answer);
  }
  route.all(otherMethod(endpoints.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method]))));
}

function otherMethod(allowed: readonly string[]) {
  return (request: Request, response: Response): void => {
    response.setHeader("Allow", allowed.join(", "));
    refuse(response, refusal(405, allowed.join(" or "), request.method, `use ${allowed.join(" or ")} on this path`));
  };
}

/** GET (and with it HEAD) on a path; 405 for every other method. */
function get(
  app: Express,
  path: string,
  handler: (request: Request, response: Response) => Promise<void> | void,
): void {
  app
    .route(path)
    .get(handler)
    .all(otherMethod(["GET", "HEAD"]));
}

function setHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.setHeaders(
    new Map([
      ["Cache-Control", "no-store"],
      ["Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"],
      ["X-Content-Type-Options", "nosniff"],
      ["Referrer-Policy", "no-referrer"],
    ]),
  );
  next();
}

function knownHost(hasToken: boolean) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const foreign = foreignHost(request.headers.host, hasToken);
    if (foreign === null) next();
    else refuse(response, foreign);
  };
}

function guard(token: Secret | null) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const verdict = token === null ? "granted" : access(request.headers.authorization, token);
    if (verdict === "granted") {
      next();
      return;
    }
    response.setHeader("WWW-Authenticate", challenges);
    const got = verdict === "no_credentials" ? "no Bearer or Basic credentials" : "another token";
    const fix = "send `Authorization: Bearer <ADMIN_TOKEN>`, or Basic with any user and the token as password";
    refuse(response, refusal(401, "the ADMIN_TOKEN of this process", got, fix));
  };
}

/** Sends JSON, checked first. What does not fit is a mistake of ours: it is logged, and sent, for half a view is better than none. */
function send(response: Response, log: Log, status: number, body: unknown, component: ComponentName): void {
  const checked = components[component].safeParse(body);
  if (!checked.success) {
    const mistakes = checked.error.issues.slice(0, 5).map(({ path, code }) => `${path.join(".")}: ${code}`);
    log.error({ component, mistakes }, "An answer of the API does not fit its schema");
  }
  response.status(status).json(body);
}

function refuse(response: Response, { status, body }: Refusal): void {
  response.status(status).json(body);
}

function notFound(path: string): Refusal {
  return refusal(404, "a path of the private port", path, "GET /api/v1/openapi.json lists every path");
}

/** The last resort. Four parameters, by which express knows an error handler. */
function onError(log: Log) {
  return (error: unknown, request: Request, response: Response, next: NextFunction): void => {
    if (response.headersSent) {
      next(error);
      return;
    }
    if (error instanceof URIError) {
      refuse(
        response,
        refusal(400, "a path in percent-encoding", "a broken escape", "encode the path as RFC 3986 says"),
      );
      return;
    }
    log.error({ err: error, method: request.method, path: request.path }, "A request on the private port failed");
    if (error instanceof StoreUnavailable) {
      response.setHeader("Retry-After", "5");
      refuse(
        response,
        refusal(503, "a database that answers", error.reason, "try again; GET /readyz says what is wrong"),
      );
      return;
    }
    refuse(response, refusal(500, "an answer", "an internal error", "look for this time in the log of the process"));
  };
}
