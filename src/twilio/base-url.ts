/*
 * TWILIO_API_BASE_URL: for tests and the demo every request `https://<host>/<path>` goes to `<base>/<host>/<path>`.
 */

import type { TwilioHost } from "./apis.ts";

/**
 * The address to ask for a URL of Twilio's API, null when it is not one: credentials go to nobody else.
 */
export function toRequestUrl(url: string, baseUrl: string | null): string | null {
  const parsed = URL.parse(url);
  if (parsed === null || !isTwilio(parsed)) return null;
  if (baseUrl === null) return parsed.href;
  return `${baseUrl.replace(/\/+$/, "")}/${parsed.hostname}${parsed.pathname}${parsed.search}`;
}

function isTwilio(url: URL): boolean {
  return (
    url.protocol === "https:" &&
    url.hostname.endsWith(".twilio.com") &&
    url.port === "" &&
    url.username === "" &&
    url.password === ""
  );
}

/** `https://<host>/<segments…>?<query>` with every segment and value encoded. Null when a segment
 * would change the path, or holds half a character. */
export function apiUrl(
  host: TwilioHost,
  segments: readonly string[],
  query: Readonly<Record<string, string>> = {},
): string | null {
  // Encoding leaves dots alone, and a URL parser resolves them.
  if (segments.some((segment) => ["", ".", ".."].includes(segment) || !segment.isWellFormed())) return null;
  const path = segments.map(encodeURIComponent).join("/");
  const search = new URLSearchParams(query).toString();
  return `https://${host}/${path}${search === "" ? "" : `?${search}`}`;
}
