import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { Secret } from "../../src/core/secret.ts";

describe("a Secret", () => {
  const secret = new Secret("hunter2");

  it("gives its value to reveal() only", () => {
    expect(secret.reveal()).toBe("hunter2");
  });

  it("prints [secret] everywhere else", () => {
    expect(String(secret)).toBe("[secret]");
    expect(["a", secret].join(" ")).toBe("a [secret]");
    expect(JSON.stringify({ secret })).toBe('{"secret":"[secret]"}');
    expect(inspect(secret, { showHidden: true, depth: 9 })).toBe("[secret]");
    expect(inspect({ nested: [secret] })).toContain("[secret]");
    expect(inspect({ nested: [secret] }, { showHidden: true })).not.toContain("hunter2");
    expect(Object.values(secret)).toEqual([]);
    expect(Object.assign({}, secret)).toEqual({});
  });
});
