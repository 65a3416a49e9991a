import { type Refusal, refusal } from "./problem.ts";

/**
 * Why a request that writes is refused because of the page it comes from, or null. Browsers name that page in Origin;
 * programs send none. A page of another site may not write, and without a token neither may one whose own name has been
 * made to point at this machine (DNS rebinding), though to the browser it is then of the same origin.
 */
export function foreignOrigin(origin: string | undefined, host: string | undefined, hasToken: boolean): Refusal | null {
  if (origin === undefined) return null;
  const from = URL.parse(origin);
  const isSame = from !== null && from.host === host?.toLowerCase();
  if (isSame && (hasToken || isThisMachine(from.hostname))) return null;
  const fix = isSame ? "set ADMIN_TOKEN, or call it as localhost" : "call the API from a program, not from a page";
  return refusal(403, "a request that no page of another site has made", `Origin ${origin}`, fix);
}

function isThisMachine(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
