import { describe, expect, it } from "vitest";
import { configOf, mistakesOf } from "./read.ts";

describe("limits", () => {
  it("hold for refused deliveries always, for signed ones not unless it is said", () => {
    expect(configOf({}).limits).toEqual({
      refused: { count: 100, periodMs: 60_000 },
      perAddress: null,
      perAccount: null,
      trustedProxies: [],
    });
  });

  it("can be set", () => {
    const env = {
      RATE_LIMIT_REFUSED: "5/s",
      RATE_LIMIT_PER_ADDRESS: "50/s",
      RATE_LIMIT_PER_ACCOUNT: " 1000/m ",
      TRUSTED_PROXIES: "10.0.0.0/8, 192.0.2.1,2001:db8::/32, ::1",
    };
    expect(configOf({ env }).limits).toEqual({
      refused: { count: 5, periodMs: 1_000 },
      perAddress: { count: 50, periodMs: 1_000 },
      perAccount: { count: 1_000, periodMs: 60_000 },
      trustedProxies: [
        { address: "10.0.0.0", prefix: 8, family: "ipv4" },
        { address: "192.0.2.1", prefix: 32, family: "ipv4" },
        { address: "2001:db8::", prefix: 32, family: "ipv6" },
        { address: "::1", prefix: 128, family: "ipv6" },
      ],
    });
  });

  it.each(["RATE_LIMIT_REFUSED", "RATE_LIMIT_PER_ADDRESS", "RATE_LIMIT_PER_ACCOUNT"])("%s must be a rate", (name) => {
    for (const value of ["off", "0/s", "10", "10/d", "-1/s"]) {
      expect(mistakesOf({ env: { [name]: value } })).toEqual([
        {
          where: name,
          expected: "a rate from 1/h to 1000000/s",
          got: JSON.stringify(value),
          fix: expect.stringContaining(`${name}=`),
        },
      ]);
    }
  });

  it.each([
    "0.0.0.0/0",
    "::/0",
    "10.0.0.0/33",
    "2001:db8::/129",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0.0/-8",
    "10.0.0.0/0x8",
    "proxy.example.com",
    "10.0.0",
    "fe80::1%eth0",
    "*",
  ])("TRUSTED_PROXIES does not take %s", (value) => {
    expect(mistakesOf({ env: { TRUSTED_PROXIES: `192.0.2.1,${value}` } })).toMatchObject([
      { where: "TRUSTED_PROXIES", got: JSON.stringify(value) },
    ]);
  });
});
