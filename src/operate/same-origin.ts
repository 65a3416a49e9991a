import { isIP } from "node:net";
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

/**
 * Why a request is refused because of the name it was sent to, or null. To read, a page whose name has been made to point at this
 * machine needs no Origin; but it cannot hide that name from Host. An address is no name, programs may send what they like, and
 * whoever has to show a token is not believed for where he comes from.
 */
export function foreignHost(host: string | undefined, hasToken: boolean): Refusal | null {
  if (hasToken || host === undefined) return null;
  const hostname = URL.parse(`http://${host}`)?.hostname ?? "";
  if (/^(?:[\w-]+\.)*localhost$/.test(hostname) || isIP(hostname.replace(/^\[(.*)\]$/, "$1")) !== 0) return null;
  const fix = "set ADMIN_TOKEN, or call it as localhost";
  return refusal(
    403,
    "a request to localhost or to an address, as long as there is no ADMIN_TOKEN",
    `Host ${host}`,
    fix,
  );
}

function isThisMachine(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
