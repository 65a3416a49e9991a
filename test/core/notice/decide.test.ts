import { describe, expect, it } from "vitest";
import { type Decision, decide, defaultPolicy, type Situation } from "../../../src/core/notice/decide.ts";
import type { LastNotice } from "../../../src/core/notice/last.ts";
import { incident, resolved, undiagnosed } from "./example.ts";

const opened = Date.parse(incident.firstSeen);
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const at = (ms: number) => new Date(opened + ms);

const told: LastNotice = {
  receiver: "slack",
  transition: "opened",
  at: at(0).toISOString(),
  count: 36,
  severity: "warning",
  leadingCause: "reopened-session",
};

function decided(more: Partial<Situation>): Decision {
  return decide({
    incident,
    last: told,
    policy: defaultPolicy,
    diagnosed: true,
    silenced: null,
    storm: false,
    muted: null,
    now: at(minute),
    ...more,
  });
}

const send = (reason: string, transition: string = reason) => ({ send: true, reason, transition });
const hold = (reason: string, nextCheckAt: Date | null) => ({ send: false, reason, nextCheckAt });

describe("the first notice", () => {
  it("goes out at once when the cause is known", () => {
    expect(decided({ last: null, diagnosed: false, now: at(0) })).toEqual(send("first", "opened"));
  });

  it("goes out at once when no diagnosis is to come", () => {
    expect(decided({ last: null, incident: undiagnosed, now: at(0) })).toEqual(send("first", "opened"));
  });

  it("waits up to ten seconds for the diagnosis, and not a millisecond longer", () => {
    const waiting = { last: null, incident: undiagnosed, diagnosed: false };
    expect(decided({ ...waiting, now: at(0) })).toEqual(hold("waiting_for_diagnosis", at(10 * second)));
    expect(decided({ ...waiting, now: at(9_999) })).toEqual(hold("waiting_for_diagnosis", at(10 * second)));
    expect(decided({ ...waiting, now: at(10 * second) })).toEqual(send("first", "opened"));
  });

  it("waits for half of the time at most that is left to the incident, so that it is told before it is over", () => {
    const waiting = { last: null, incident: undiagnosed, diagnosed: false };
    const short = { ...waiting, quietAt: at(8 * second) };
    expect(decided({ ...short, now: at(3_999) })).toEqual(hold("waiting_for_diagnosis", at(4 * second)));
    expect(decided({ ...short, now: at(4 * second) })).toEqual(send("first", "opened"));
    expect(decided({ ...waiting, quietAt: at(20 * second), now: at(9_999) })).toEqual(
      hold("waiting_for_diagnosis", at(10 * second)),
    );
    expect(decided({ ...waiting, quietAt: at(-second), now: at(0) })).toEqual(send("first", "opened"));
  });

  it("waits from the last opening, when that is told", () => {
    const waiting = { last: null, incident: undiagnosed, diagnosed: false, openedAt: at(hour) };
    expect(decided({ ...waiting, now: at(hour + second) })).toEqual(
      hold("waiting_for_diagnosis", at(hour + 10 * second)),
    );
  });

  it("waits no longer because another clock runs ahead", () => {
    const waiting = { last: null, incident: undiagnosed, diagnosed: false };
    expect(decided({ ...waiting, now: at(-hour) })).toEqual(hold("waiting_for_diagnosis", at(-hour + 10 * second)));
  });

  it("is never sent for an incident that is over", () => {
    expect(decided({ last: null, incident: resolved })).toEqual(hold("suppressed_unchanged", null));
  });
});

describe("an open incident that was told", () => {
  it("is not told again while nothing changes, and looked at again when it is to be repeated", () => {
    expect(decided({})).toEqual(hold("suppressed_unchanged", at(4 * hour)));
  });

  it("is told when the cause becomes known", () => {
    expect(decided({ last: { ...told, leadingCause: null } })).toEqual(send("diagnosed"));
  });

  it("is told when another cause leads", () => {
    expect(decided({ last: { ...told, leadingCause: "pool-too-small" } })).toEqual(send("cause_changed"));
  });

  it("is not told when the cause is in doubt again", () => {
    expect(decided({ incident: undiagnosed })).toMatchObject({ send: false, reason: "suppressed_unchanged" });
  });

  it("is told when it gets worse, before anything else, and not when it gets better", () => {
    const worse = { ...incident, severity: "critical" } as const;
    const last = { ...told, leadingCause: null };
    expect(decided({ incident: worse, last })).toEqual(send("severity_raised"));
    expect(decided({ incident: { ...incident, severity: "info" } })).toMatchObject({ send: false });
  });

  it("is told when it is ten times as many", () => {
    expect(decided({ incident: { ...incident, count: 359 } })).toMatchObject({ send: false });
    expect(decided({ incident: { ...incident, count: 360 } })).toEqual(send("grew"));
  });

  it("is told at most once an hour that it grew, also when something else was told in between", () => {
    const last: LastNotice = { ...told, transition: "grew", at: at(0).toISOString() };
    const more = { ...incident, count: 3600 };
    expect(decided({ incident: more, last })).toEqual(hold("suppressed_unchanged", at(hour)));
    expect(decided({ incident: more, last, now: at(hour) })).toEqual(send("grew"));
    const since: LastNotice = { ...told, at: at(10 * minute).toISOString(), grewAt: at(0).toISOString() };
    expect(decided({ incident: more, last: since, now: at(59 * minute) })).toEqual(
      hold("suppressed_unchanged", at(hour)),
    );
    expect(decided({ incident: more, last: since, now: at(hour) })).toEqual(send("grew"));
  });

  it("is repeated after the interval of its route, counted from the last notice", () => {
    const policy = { ...defaultPolicy, repeatMs: hour };
    expect(decided({ policy, now: at(hour - 1) })).toEqual(hold("suppressed_unchanged", at(hour)));
    expect(decided({ policy, now: at(hour) })).toEqual(send("repeat_interval", "repeated"));
  });

  it("was told as resolved: it is back", () => {
    expect(decided({ last: { ...told, transition: "resolved" } })).toEqual(send("reopened"));
  });
});

describe("the end", () => {
  it("is told to whom something was told, silence, mute and storm or not", () => {
    const quiet = { silenced: { until: at(hour) }, muted: { until: at(hour) }, storm: true };
    expect(decided({ incident: resolved, ...quiet })).toEqual(send("resolved"));
    expect(decided({ incident: resolved, last: { ...told, transition: "repeated" } })).toEqual(send("resolved"));
  });

  it("is told once", () => {
    const last: LastNotice = { ...told, transition: "resolved" };
    expect(decided({ incident: resolved, last, now: at(100 * hour) })).toEqual(hold("suppressed_unchanged", null));
  });
});

describe("what holds a notice back", () => {
  it.each([
    ["a silence", { silenced: { until: at(hour) } }, hold("suppressed_silence", at(hour))],
    ["a mute", { muted: { until: at(2 * hour) } }, hold("suppressed_muted", at(2 * hour))],
    [
      "a silence before a mute",
      { silenced: { until: at(hour) }, muted: { until: at(2 * hour) } },
      hold("suppressed_silence", at(hour)),
    ],
    ["a storm", { storm: true }, hold("suppressed_storm", null)],
  ])("%s does, with its reason and its end", (_, situation, expected) => {
    expect(decided({ last: null, ...situation })).toEqual(expected);
  });

  it("is named only when there is something to tell", () => {
    expect(decided({ silenced: { until: at(hour) } })).toEqual(hold("suppressed_unchanged", at(4 * hour)));
  });

  it("is followed by the difference when it is over", () => {
    const last = { ...told, leadingCause: null };
    expect(decided({ last, silenced: { until: at(hour) } })).toEqual(hold("suppressed_silence", at(hour)));
    expect(decided({ last, now: at(hour) })).toEqual(send("diagnosed"));
  });

  it("is a storm for openings only", () => {
    expect(decided({ storm: true, last: { ...told, transition: "resolved" } })).toEqual(hold("suppressed_storm", null));
    expect(decided({ storm: true, last: { ...told, leadingCause: null } })).toEqual(send("diagnosed"));
  });
});

describe("an incident that was told in a digest", () => {
  const last: LastNotice = { ...told, transition: "digest", leadingCause: null };

  it("stays in it: cause, growth, time and end are not told one by one", () => {
    const many = { ...incident, count: 100_000 };
    expect(decided({ last, incident: many, now: at(100 * hour) })).toEqual(hold("suppressed_unchanged", null));
    expect(decided({ last, incident: resolved })).toEqual(hold("suppressed_unchanged", null));
  });

  it("is told when it gets worse, and from then on like any other", () => {
    const worse = { ...incident, severity: "critical" } as const;
    expect(decided({ last, incident: worse })).toEqual(send("severity_raised"));
    expect(decided({ last: { ...last, transition: "severity_raised" }, incident: resolved })).toEqual(send("resolved"));
  });
});

it("ten thousand events in a minute are two notices", () => {
  const sent: string[] = [];
  let last: LastNotice | null = null;
  for (let tick = 0; tick <= 60_000; tick += 50) {
    const now = at(tick);
    const diagnosed = tick >= 2_000;
    const view = { ...(diagnosed ? incident : undiagnosed), count: 1 + Math.floor(tick / 6) };
    const decision = decided({ incident: view, last, diagnosed, now });
    if (!decision.send) continue;
    sent.push(decision.reason);
    const leadingCause = diagnosed ? "reopened-session" : null;
    last = { ...told, transition: decision.transition, at: now.toISOString(), count: view.count, leadingCause };
  }
  expect(sent).toEqual(["first", "grew"]);
});
