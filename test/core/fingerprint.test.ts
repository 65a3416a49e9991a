import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DebuggerEvent } from "../../src/core/event.ts";
import { fingerprint, subjectOf } from "../../src/core/fingerprint.ts";
import { defaultGroupBy, type groupFields } from "../../src/core/rules/rule.ts";
import { sampleEvent } from "./rules/sample-event.ts";

const print = (over: Partial<DebuggerEvent>, groupBy: readonly (typeof groupFields)[number][] = defaultGroupBy) =>
  fingerprint(sampleEvent(over), groupBy, "Proxy");

describe("fingerprint", () => {
  test("is 32 hex digits and always the same", () => {
    expect(print({})).toMatch(/^[0-9a-f]{32}$/);
    expect(print({})).toBe(print({}));
  });

  test("takes no notice of what is not grouped by", () => {
    expect(print({ sid: "NO1", resource: null, level: "ERROR", payload: { a: 1 } })).toBe(print({}));
  });

  test.each(["account", "code", "service"] as const)("tells events apart by %s", (name) => {
    expect(print({ [name]: name === "code" ? 80903 : "other" })).not.toBe(print({}));
  });

  test("does not care about order and repetition of the fields", () => {
    expect(print({}, ["service", "code", "account", "code"])).toBe(print({}, ["account", "code", "service"]));
  });

  test("keeps a missing value and an empty one apart", () => {
    expect(print({ service: null })).not.toBe(print({ service: "" }));
  });

  test("does not mix up values that flow into each other", () => {
    const groupBy = ["service", "resource"] as const;
    expect(print({ service: "ab", resource: "c" }, groupBy)).not.toBe(print({ service: "a", resource: "bc" }, groupBy));
    expect(print({ service: 'x","resource","y', resource: "z" }, groupBy)).not.toBe(
      print({ service: "x", resource: 'y","resource","z' }, groupBy),
    );
  });

  test("groups by other fields as soon as they are named", () => {
    expect(print({}, ["account"])).not.toBe(print({}, ["account", "level"]));
  });

  test("groups by the product of the classification, not by the one in the event", () => {
    const event = sampleEvent({ productName: "X" });
    expect(fingerprint(event, ["product"], "Proxy")).not.toBe(fingerprint(event, ["product"], "Voice"));
    expect(fingerprint(event, ["product"], "Proxy")).toBe(
      fingerprint({ ...event, productName: "Y" }, ["product"], "Proxy"),
    );
  });

  test("differs exactly when a grouped value differs", () => {
    const value = fc.oneof(fc.constant(null), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(value, value, value, value, (service, resource, otherService, otherResource) => {
        const same = service === otherService && resource === otherResource;
        const a = print({ service, resource }, ["service", "resource"]);
        const b = print({ service: otherService, resource: otherResource }, ["service", "resource"]);
        expect(a === b).toBe(same);
      }),
    );
  });
});

describe("subjectOf", () => {
  test("is the resource, else the Service, else the event itself", () => {
    const byResource = subjectOf(sampleEvent());
    expect(subjectOf(sampleEvent({ sid: "NO2", service: null }))).toBe(byResource);
    const byService = subjectOf(sampleEvent({ resource: null }));
    expect(subjectOf(sampleEvent({ sid: "NO2", resource: null }))).toBe(byService);
    const byEvent = subjectOf(sampleEvent({ resource: null, service: null }));
    expect(subjectOf(sampleEvent({ sid: "NO2", resource: null, service: null }))).not.toBe(byEvent);
    expect(new Set([byResource, byService, byEvent]).size).toBe(3);
  });

  test("does not show the resource", () => {
    expect(subjectOf(sampleEvent())).toMatch(/^[0-9a-f]{32}$/);
  });

  test("keeps the same text apart as resource and as Service", () => {
    expect(subjectOf(sampleEvent({ resource: "X" }))).not.toBe(
      subjectOf(sampleEvent({ resource: null, service: "X" })),
    );
  });
});
