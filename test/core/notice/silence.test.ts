import { describe, expect, it } from "vitest";
import { labelsOf } from "../../../src/core/notice/labels.ts";
import { type Silence, SilenceBody, silencedBy, silenceOf, silenceText } from "../../../src/core/notice/silence.ts";
import { incident } from "./example.ts";

const now = new Date("2026-01-02T03:00:00.000Z");
const silence: Silence = {
  id: "s1",
  matchers: [{ name: "code", value: "80604", isRegex: false, isEqual: true }],
  comment: "known",
  createdBy: "ann",
  startsAt: "2026-01-02T02:00:00.000Z",
  endsAt: "2026-01-02T04:00:00.000Z",
};
const by = (...silences: Silence[]) => silencedBy(labelsOf(incident), silences, now);

describe("a silence", () => {
  it("covers what all its matchers match", () => {
    expect(by(silence)).toEqual({ by: silence, until: new Date(silence.endsAt) });
    const other = { name: "product", value: "Voice", isRegex: false, isEqual: true };
    expect(by({ ...silence, matchers: [...silence.matchers, other] })).toBe(null);
    expect(by({ ...silence, matchers: [...silence.matchers, { ...other, isEqual: false }] })).not.toBe(null);
    const id = { name: "incident", value: "inc-.*", isRegex: true, isEqual: true };
    expect(by({ ...silence, matchers: [id] })).not.toBe(null);
  });

  it("holds from its beginning to just before its end", () => {
    expect(by({ ...silence, startsAt: now.toISOString() })).not.toBe(null);
    expect(by({ ...silence, startsAt: "2026-01-02T03:00:00.001Z" })).toBe(null);
    expect(by({ ...silence, endsAt: now.toISOString() })).toBe(null);
  });

  it("gives way to one that lasts longer", () => {
    const longer = { ...silence, id: "s2", endsAt: "2026-01-02T05:00:00.000Z" };
    expect(by(silence, longer, silence)?.by.id).toBe("s2");
  });

  it.each([
    [[]],
    [[{ name: "nope", value: "", isRegex: false, isEqual: true }]],
    [[{ name: "code", value: "(", isRegex: true, isEqual: true }]],
  ])("with matchers %j covers nothing", (matchers) => {
    expect(by({ ...silence, matchers })).toBe(null);
  });

  it("reads as in Alertmanager", () => {
    expect(silenceText(silence)).toBe('code="80604"');
  });
});

describe("the body that asks for one", () => {
  const body = {
    matchers: [{ name: "code", value: "80604" }],
    comment: "known",
    createdBy: "ann",
    endsAt: "2026-01-02T06:00:00+02:00",
  };

  it("becomes a silence from now on, in UTC", () => {
    expect(silenceOf(SilenceBody.parse(body), now)).toEqual({
      matchers: [{ name: "code", value: "80604", isRegex: false, isEqual: true }],
      comment: "known",
      createdBy: "ann",
      startsAt: "2026-01-02T03:00:00.000Z",
      endsAt: "2026-01-02T04:00:00.000Z",
    });
  });

  it("may not end in the past", () => {
    expect(silenceOf(SilenceBody.parse({ ...body, endsAt: now.toISOString() }), now)).toBe(null);
  });

  it.each([
    ["no matcher", { matchers: [] }],
    ["matchers that everything meets", { matchers: [{ name: "code", value: ".*", isRegex: true }] }],
    ["matchers that whatever lacks the label meets", { matchers: [{ name: "service", value: "x", isEqual: false }] }],
    ["a label nobody has", { matchers: [{ name: "sevrity", value: "error" }] }],
    ["a pattern that runs away", { matchers: [{ name: "title", value: "(a+)+", isRegex: true }] }],
    ["no comment", { comment: " " }],
    ["nobody who made it", { createdBy: "" }],
    ["an end that is no time", { endsAt: "tomorrow" }],
    ["an end before its start", { startsAt: "2026-01-02T07:00:00Z", endsAt: "2026-01-02T06:00:00Z" }],
    ["an unknown key", { duration: "2h" }],
  ])("is refused with %s", (_, more) => {
    expect(SilenceBody.safeParse({ ...body, ...more }).success).toBe(false);
  });
});
