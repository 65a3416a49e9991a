import { type Exchange, notFound, type Reply } from "./exchange.ts";

/** One endpoint. `:name` in the pattern is one path segment. */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  readonly host: string;
  readonly pattern: string;
  readonly handle: (exchange: Exchange, params: Record<string, string>) => Reply;
}

/** Finds the endpoint and lets it answer: 404 for an unknown path, 405 for an unknown method, as Twilio does. */
export function route(routes: readonly Route[], exchange: Exchange): Reply {
  let pathKnown = false;
  for (const candidate of routes) {
    if (candidate.host !== exchange.host) continue;
    const params = matchPath(candidate.pattern, exchange.path);
    if (params === null) continue;
    pathKnown = true;
    if (candidate.method === exchange.method) return candidate.handle(exchange, params);
  }
  if (!pathKnown) return notFound(exchange.path);
  const message = `Method ${exchange.method} is not allowed on ${exchange.path}`;
  return {
    status: 405,
    body: { code: 20004, message, more_info: "https://www.twilio.com/docs/errors/20004", status: 405 },
  };
}

function matchPath(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/");
  const found = path.split("/");
  if (wanted.length !== found.length) return null;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const text = found[index] ?? "";
    if (segment.startsWith(":")) {
      if (text === "") return null;
      params[segment.slice(1)] = decode(text);
    } else if (segment !== text) return null;
  }
  return params;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
