import type { IncomingMessage } from "node:http";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Subnet, senderOf } from "../../src/receive/client-address.ts";
import { bestOf } from "../support/best-of.ts";

const ours: readonly Subnet[] = [
  { address: "10.0.0.0", prefix: 8, family: "ipv4" },
  { address: "2001:db8:aaaa::", prefix: 48, family: "ipv6" },
];

/** The sender of a request over a connection from this address, with this X-Forwarded-For. */
function sender(trusted: readonly Subnet[], remoteAddress: string | undefined, forwarded?: string): string {
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  return senderOf(trusted)({ socket: { remoteAddress }, headers } as unknown as IncomingMessage);
}

describe("without trusted proxies the sender", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
    ["2001:0DB8:0001:0002::", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["1::2:3:4:5:6:7", "1:0:2:3::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    [undefined, ""],
  ])("behind the address %s is %s", (address, expected) => {
    expect(sender([], address)).toBe(expected);
  });

  it("is the connection's, whatever is forwarded", () => {
    expect(sender([], "192.0.2.1", "198.51.100.7")).toBe("192.0.2.1");
  });
});

describe("behind a trusted proxy the sender", () => {
  it.each([
    ["is the one the proxy names", "10.1.2.3", "198.51.100.7", "198.51.100.7"],
    ["is the last one that is no proxy of ours", "10.1.2.3", "198.51.100.7, 10.9.9.9, 10.8.8.8", "198.51.100.7"],
    ["is not the one the sender made up", "10.1.2.3", "203.0.113.9, 198.51.100.7", "198.51.100.7"],
    ["may come with a port", "10.1.2.3", "198.51.100.7:4711", "198.51.100.7"],
    ["may be an IPv6 network", "10.1.2.3", "2001:db8:1:2::9", "2001:db8:1:2::/64"],
    ["may be one in brackets, with a port", "10.1.2.3", "[2001:db8:1:2::9]:4711", "2001:db8:1:2::/64"],
    ["may come over IPv6 proxies", "2001:db8:aaaa::1", "198.51.100.7,2001:db8:aaaa:1::2", "198.51.100.7"],
    ["is found where the proxy is written as IPv6", "::ffff:10.1.2.3", "198.51.100.7", "198.51.100.7"],
    ["is the proxy when it names nobody", "10.1.2.3", undefined, "10.1.2.3"],
    ["is the proxy when it names nonsense", "10.1.2.3", "unknown", "10.1.2.3"],
    ["is the proxy before the nonsense", "10.1.2.3", "198.51.100.7, _hidden, 10.5.5.5", "10.5.5.5"],
    ["is the first proxy when there are only proxies", "10.1.2.3", "10.6.6.6, 10.5.5.5", "10.6.6.6"],
    ["is a stranger who names somebody else", "192.0.2.66", "198.51.100.7", "192.0.2.66"],
  ])("%s", (_what, connection, forwarded, expected) => {
    expect(sender(ours, connection, forwarded)).toBe(expected);
  });

  it("is found at once in a header as long as may be", () => {
    const best = bestOf(5, () => {
      expect(sender(ours, "10.1.2.3", "10.1.1.1,".repeat(1_800))).toBe("10.1.2.3");
      expect(sender(ours, "10.1.2.3", `198.51.100.7${",10.1.1.1".repeat(1_800)}`)).toBe("198.51.100.7");
    });
    expect(best).toBeLessThan(100);
  });

  it("is short, whatever is forwarded (property)", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 500 }), (forwarded) => {
        expect(sender(ours, "10.1.2.3", forwarded).length).toBeLessThan(50);
      }),
    );
  });
});
