import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "../core/secret.ts";

/** Values of WWW-Authenticate: programs use the first, browsers ask for the second. */
export const challenges: string[] = ['Bearer realm="faultline"', 'Basic realm="faultline", charset="UTF-8"'];

/** How a request stands to the token. */
export type Access = "granted" | "no_credentials" | "wrong_credentials";

/**
 * Whether an Authorization header carries the token: `Bearer <token>`, or `Basic` with any user and the token as
 * password. Hashes are compared, in constant time, so that neither length nor content can be felt out.
 */
export function access(authorization: string | undefined, token: Secret): Access {
  if (authorization === undefined) return "no_credentials";
  const given = tokenOf(authorization);
  if (given === null) return "no_credentials";
  return timingSafeEqual(digest(given), digest(token.reveal())) ? "granted" : "wrong_credentials";
}

function tokenOf(authorization: string): string | null {
  const space = authorization.indexOf(" ");
  const scheme = authorization.slice(0, Math.max(space, 0)).toLowerCase();
  const credentials = authorization.slice(space + 1).trim();
  if (scheme === "bearer") return credentials;
  if (scheme !== "basic") return null;
  const pair = Buffer.from(credentials, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  return colon === -1 ? null : pair.slice(colon + 1);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}
