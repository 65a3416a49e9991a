import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AccountSetup, allRoutes, createState, type SimulatedState } from "./account.ts";
import { type Calls, createCalls } from "./calls.ts";
import { errorReply, type Reply } from "./exchange.ts";
import { createFaults, type Fault, type Faults } from "./faults.ts";
import { route } from "./router.ts";

/** The account a simulated Twilio has unless told otherwise. */
export const defaultAccount = {
  sid: `AC${"a".repeat(32)}`,
  tokens: ["0123456789abcdef0123456789abcdef"],
} as const satisfies AccountSetup;

export interface SimulatedTwilioOptions {
  readonly accounts?: readonly AccountSetup[];
  /** Delay of every answer, in milliseconds. */
  readonly latencyMs?: number;
  readonly now?: () => Date;
}

export interface SimulatedTwilio {
  /** For TWILIO_API_BASE_URL: a request for `https://<host>/<path>` comes as `<baseUrl>/<host>/<path>`. */
  readonly baseUrl: string;
  readonly state: SimulatedState;
  readonly calls: Calls;
  readonly faults: Faults;
  stop(): Promise<void>;
}

/** A Twilio REST API with real state on a free loopback port. */
export async function startSimulatedTwilio(options: SimulatedTwilioOptions = {}): Promise<SimulatedTwilio> {
  const state = createState(options.accounts ?? [defaultAccount], options.now ?? (() => new Date()));
  const routes = allRoutes(state);
  const faults = createFaults();
  const calls = createCalls();
  const latencyMs = options.latencyMs ?? 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const finish = calls.begin();
    const target = request.url ?? "/";
    const method = request.method ?? "GET";
    const url = new URL(target, "http://localhost");
    const [user, password] = basicCredentials(request.headers.authorization);
    const account = state.authenticate(user, password);
    const call = { method, path: url.pathname, query: url.search, account };
    try {
      const form = await readForm(request);
      const fault = faults.take(method, target);
      await delay(fault?.latencyMs ?? latencyMs);
      if (fault !== null && misbehave(fault, response)) return finish({ ...call, status: 0 });
      const reply = faultReply(fault, url.pathname) ?? (account === null ? unauthorized() : serve(account, form));
      send(response, reply, fault?.retryAfter);
      finish({ ...call, status: reply.status });
    } catch {
      finish({ ...call, status: 0 });
      response.destroy();
    }

    function serve(authenticated: string, form: URLSearchParams): Reply {
      const [, host = "", ...rest] = url.pathname.split("/");
      const path = `/${rest.join("/")}`;
      return route(routes, { account: authenticated, method, host, path, query: url.searchParams, form });
    }
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the simulated Twilio got no port");
  return {
    baseUrl: `http://127.0.0.1:${address.port}`,
    state,
    calls,
    faults,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function basicCredentials(header: string | undefined): [string, string] {
  const [scheme = "", encoded = ""] = (header ?? "").split(" ");
  if (scheme.toLowerCase() !== "basic") return ["", ""];
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? ["", ""] : [text.slice(0, colon), text.slice(colon + 1)];
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
}

function delay(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms).unref());
}

/** The faults that are no proper answer; true when one was carried out. */
function misbehave(fault: Fault, response: ServerResponse): boolean {
  if (fault.hang === true) return true;
  if (fault.cut === true) {
    response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
    response.write('{"sid":');
    setImmediate(() => response.destroy());
    return true;
  }
  if (fault.malformed === true) {
    response.writeHead(200, { "content-type": "application/json" }).end('{"sid": <html>');
    return true;
  }
  return false;
}

const usualCodes: Record<number, [number, string]> = {
  401: [20003, "Authenticate"],
  403: [20003, "Permission Denied"],
  404: [20404, "The requested resource was not found"],
  429: [20429, "Too Many Requests"],
  500: [20500, "An internal server error has occurred"],
  503: [20503, "Service is unavailable. Please try again"],
};

function faultReply(fault: Fault | null, path: string): Reply | null {
  if (fault?.status === undefined) return null;
  const [code, message] = usualCodes[fault.status] ?? [20001, `Refused on purpose: ${path}`];
  return errorReply(fault.status, fault.code ?? code, message);
}

function unauthorized(): Reply {
  return errorReply(401, 20003, "Authenticate");
}

function send(response: ServerResponse, reply: Reply, retryAfter: number | undefined): void {
  const headers: Record<string, string> = { "content-type": "application/json", ...reply.headers };
  if (retryAfter !== undefined) headers["retry-after"] = String(retryAfter);
  if (reply.status === 401) headers["www-authenticate"] = 'Basic realm="Twilio API"';
  response.writeHead(reply.status, headers).end(reply.body === undefined ? undefined : JSON.stringify(reply.body));
}
