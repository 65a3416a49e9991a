import { isIP } from "node:net";
import { type Rate, rateOf } from "../core/rate.ts";
import type { Settings } from "./settings.ts";

/** How much one sender may send. */
export interface LimitSettings {
  /** Refused deliveries, an address. */
  readonly refused: Rate;
  /** Signed deliveries, an address; null without limit. */
  readonly perAddress: Rate | null;
  /** Signed deliveries, an account; null without limit. */
  readonly perAccount: Rate | null;
  /** Networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly {
    readonly address: string;
    readonly prefix: number;
    readonly family: "ipv4" | "ipv6";
  }[];
}

const defaultRefused: Rate = { count: 100, periodMs: 60_000 };

/** Reads RATE_LIMIT_… and TRUSTED_PROXIES. */
export function readLimits(settings: Settings): LimitSettings {
  return Object.freeze({
    refused: readRate(settings, "RATE_LIMIT_REFUSED", "100/m") ?? defaultRefused,
    perAddress: readRate(settings, "RATE_LIMIT_PER_ADDRESS", "50/s"),
    perAccount: readRate(settings, "RATE_LIMIT_PER_ACCOUNT", "50/s"),
    trustedProxies: readNetworks(settings, "TRUSTED_PROXIES"),
  });
}

function readRate(settings: Settings, name: string, example: string): Rate | null {
  const text = settings.text(name);
  const rate = text === null ? null : rateOf(text);
  if (text !== null && rate === null) {
    const expected = "a rate from 1/h to 1000000/s";
    settings.wrong(name, expected, JSON.stringify(text), `e.g. ${name}=${example} (units s, m, h)`);
  }
  return rate;
}

/** A list such as `10.0.0.0/8, 2001:db8::/32, 192.0.2.1`. All addresses at once are refused: anybody could then name himself. */
function readNetworks(settings: Settings, name: string): LimitSettings["trustedProxies"] {
  const parts = (settings.text(name) ?? "").split(",").map((part) => part.trim());
  return Object.freeze(
    parts.flatMap((part) => {
      if (part === "") return [];
      const network = networkIn(part);
      if (network !== null) return [network];
      const expected = "addresses or networks (10.0.0.0/8), separated by commas, none of them all addresses";
      settings.wrong(name, expected, JSON.stringify(part), `name only your own proxies, e.g. ${name}=10.0.0.0/8`);
      return [];
    }),
  );
}

function networkIn(text: string): LimitSettings["trustedProxies"][number] | null {
  const [address = "", bits, more] = text.split("/");
  const version = isIP(address);
  const longest = version === 4 ? 32 : 128;
  const prefix = bits === undefined ? longest : /^\d{1,3}$/.test(bits) ? Number(bits) : 0;
  if (version === 0 || more !== undefined || address.includes("%") || prefix < 1 || prefix > longest) return null;
  return Object.freeze({ address, prefix, family: version === 4 ? "ipv4" : "ipv6" });
}
