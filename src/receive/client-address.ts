import type { IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv6 } from "node:net";

/** A network whose proxies are believed. */
export interface Subnet {
  readonly address: string;
  readonly prefix: number;
  readonly family: "ipv4" | "ipv6";
}

/** Gives the key by which a request's sender is limited. */
export type SenderOf = (request: IncomingMessage) => string;

/**
 * The sender of a request: the address of the connection or, where that is a trusted proxy's, the last one in X-Forwarded-For
 * that is not. What stands before it the sender may have made up. An IPv6 sender is its /64, since that is what one customer
 * is given (https://www.rfc-editor.org/rfc/rfc6177).
 */
export function senderOf(trusted: readonly Subnet[]): SenderOf {
  const proxies = new BlockList();
  for (const { address, prefix, family } of trusted) proxies.addSubnet(address, prefix, family);
  const isProxy = (address: string) => proxies.check(address, isIPv6(address) ? "ipv6" : "ipv4");
  return (request) => {
    let sender = request.socket.remoteAddress ?? "";
    const forwarded = trusted.length === 0 ? "" : String(request.headers["x-forwarded-for"] ?? "");
    // From the last to the first, no further than proxies are trusted: the header may be long.
    for (let end = forwarded.length; end > 0 && isProxy(sender); ) {
      const comma = forwarded.lastIndexOf(",", end - 1);
      const hop = addressIn(forwarded.slice(comma + 1, end));
      if (hop === null) break;
      sender = hop;
      end = comma;
    }
    return networkOf(sender);
  };
}

/** The address in an entry such as `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`; null in any other. */
function addressIn(entry: string): string | null {
  const text = entry.trim();
  const bare = /^\[([0-9A-Fa-f:.]{2,45})\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]{7,15}):\d{1,5}$/.exec(text)?.[1];
  const address = bare ?? text;
  return isIP(address) === 0 ? null : address;
}

/** An IPv4 address as it is, also when it is written as IPv6; of an IPv6 address its first 64 bits. */
function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]{7,15})$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    // The last 32 bits may be written as IPv4.
    const after = tail === "" ? 0 : tail.split(":").length + (tail.includes(".") ? 1 : 0);
    while (groups.length + after < 8) groups.push("0");
    if (groups.length < 4) groups.push(...tail.split(":"));
  }
  const prefix = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${prefix.join(":")}::/64`;
}
