import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { looksLikeNumber, maskAddress, showIdentity } from "../../../src/core/diagnosis/mask-address.ts";
import { nearness } from "../../../src/core/diagnosis/nearest.ts";

describe("maskAddress", () => {
  it.each([
    ["+15550100001", "+1********01"],
    ["whatsapp:+15550100001", "whatsapp:+1********01"],
    ["+445550100001", "+44********01"],
    ["15550100001", "*********01"],
    ["(555) 010-0001", "********01"],
    ["somebody@example.com", "***@example.com"],
    ["sip:somebody@example.com", "sip:***@example.com"],
    ["messenger:1234567890123456", "messenger:*************56"],
    ["Somebody", "S***"],
    ["", "***"],
  ])("%s → %s", (address, masked) => {
    expect(maskAddress(address)).toBe(masked);
  });

  it("never leaves three digits of a number's middle together", () => {
    const digits = fc.stringMatching(/^[1-9]\d{6,14}$/);
    fc.assert(
      fc.property(digits, fc.constantFrom("", "+", "whatsapp:+", " +", "00", "+ "), (number, prefix) => {
        expect(
          maskAddress(prefix + number)
            .replace(/^\D*\d{0,3}(?=\*)/, "")
            .slice(0, -2),
        ).not.toMatch(/\d/);
      }),
    );
  });
});

describe("showIdentity", () => {
  it("shows names, on one line, and masks phone numbers", () => {
    expect(showIdentity("carol@example.com")).toBe("carol@example.com");
    expect(showIdentity("agent-7\n\u0007x")).toBe("agent-7 x");
    expect(showIdentity("+15550100001")).toBe("+1********01");
    expect(showIdentity("x".repeat(300))).toHaveLength(80);
  });

  it("tells numbers from names", () => {
    expect(["+1 555 010 0001", "whatsapp:+15550100001", "555-010-0001"].map(looksLikeNumber)).toEqual([
      true,
      true,
      true,
    ]);
    expect(["agent-7", "carol@example.com", "12345"].map(looksLikeNumber)).toEqual([false, false, false]);
  });
});

describe("nearness", () => {
  it.each([
    ["+15550100001", "+1555 010 0001", "only in whitespace"],
    ["Carol", "carol", "only in upper and lower case"],
    ["whatsapp:+15550100001", "+15550100001", "in the channel prefix"],
    ["15550100001", "+15550100001", "in the leading +"],
    ["555-010-0001", "(555)010-0001", "in punctuation"],
    ["+15550100001", "+445550100001", "before the last 10 digits, which are the same"],
    ["0100001", "+15550100001", "before the last 7 digits, which are the same"],
  ])("%s and %s differ %s", (one, other, how) => {
    expect(nearness(one, other)?.how).toBe(how);
  });

  it("is none for equal, empty and different addresses", () => {
    expect(nearness("+15550100001", "+15550100001")).toBeNull();
    expect(nearness("+15550100001", "+15550100002")).toBeNull();
    expect(nearness(" ", "")).toBeNull();
    expect(nearness("carol", "dave")).toBeNull();
  });
});
