/** Names that end like this exist inside one network only, or nowhere (RFC 6761, RFC 6762, ICANN `.internal`). */
const privateEndings = new Set(["local", "localhost", "internal", "lan", "home", "corp", "test", "invalid"]);

/**
 * Whether a host is one that nobody on the public internet can reach: a private or loopback address (RFC 1918, 4193,
 * 6598), `localhost`, a name without a dot or with an ending that only private networks use. `host` is that of a parsed
 * URL: lower case, perhaps with a port, IPv6 in brackets.
 */
export function isPrivateHost(host: string): boolean {
  const name = withoutPort(host).replace(/\.$/, "");
  if (name.startsWith("[")) return /^\[(?:::1?\]|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/i.test(name);
  const parts = name.split(".");
  if (parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part))) return isPrivateAddress(parts.map(Number));
  const last = parts.at(-1);
  return parts.length === 1 || (last !== undefined && privateEndings.has(last.toLowerCase()));
}

/** The host without its port. */
export function withoutPort(host: string): string {
  return host.replace(/:\d{1,5}$/, "");
}

/** Whether a host can go into a command as it is: nothing that a tool would take for an option. */
export function isPlainHost(host: string): boolean {
  return /^[a-z0-9](?:[a-z0-9.-]{0,252})(?::\d{1,5})?$/i.test(host);
}

function isPrivateAddress([a = 0, b = 0]: readonly number[]): boolean {
  return (
    a === 0 ||
    a === 10 ||
    a === 127 ||
    (a === 100 && b >= 64 && b <= 127) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b <= 31) ||
    (a === 192 && b === 168)
  );
}
