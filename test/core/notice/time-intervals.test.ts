import { describe, expect, it } from "vitest";
import { compileCalendar, MuteTimeInterval, TimeInterval } from "../../../src/core/notice/time-intervals.ts";

/** Whether an instant lies in the interval, and until when. */
function calendar(...intervals: TimeInterval[]) {
  const compiled = compileCalendar([
    MuteTimeInterval.parse({ name: "quiet", intervals: intervals.map((each) => TimeInterval.parse(each)) }),
  ]);
  return {
    holds: (text: string) => compiled.activeAt(new Date(text)).length > 0,
    until: (text: string) => compiled.activeUntil(new Date(text))?.toISOString() ?? null,
  };
}

describe("times of day", () => {
  it("include their beginning and not their end", () => {
    const { holds } = calendar({ times: ["09:00-17:30"] });
    expect(holds("2026-03-04T08:59:59Z")).toBe(false);
    expect(holds("2026-03-04T09:00:00Z")).toBe(true);
    expect(holds("2026-03-04T17:29:59Z")).toBe(true);
    expect(holds("2026-03-04T17:30:00Z")).toBe(false);
  });

  it("go by the clock of the place, in winter and in summer", () => {
    const { holds } = calendar({ times: ["22:00-24:00"], location: "Europe/Berlin" });
    expect(holds("2026-01-10T20:59:00Z")).toBe(false);
    expect(holds("2026-01-10T21:00:00Z")).toBe(true);
    expect(holds("2026-07-10T20:00:00Z")).toBe(true);
    expect(holds("2026-07-10T21:59:00Z")).toBe(true);
    expect(holds("2026-07-10T22:00:00Z")).toBe(false);
  });

  it("last shorter in the night the clock goes forward, and longer when it goes back", () => {
    const { holds, until } = calendar({ times: ["01:00-04:00"], location: "Europe/Berlin" });
    // 29 March 2026, 02:00 becomes 03:00: from 00:00Z to 02:00Z.
    expect(holds("2026-03-29T00:00:00Z")).toBe(true);
    expect(holds("2026-03-29T01:59:00Z")).toBe(true);
    expect(until("2026-03-29T00:10:00Z")).toBe("2026-03-29T02:00:00.000Z");
    // 25 October 2026, 03:00 becomes 02:00: from 23:00Z to 03:00Z.
    expect(until("2026-10-24T23:10:00Z")).toBe("2026-10-25T03:00:00.000Z");
  });
});

describe("days", () => {
  it("are weekdays of the place", () => {
    const { holds } = calendar({ weekdays: ["saturday", "sunday"], location: "America/Los_Angeles" });
    // Saturday, 3 January 2026 begins at 08:00Z there.
    expect(holds("2026-01-03T07:59:00Z")).toBe(false);
    expect(holds("2026-01-03T08:00:00Z")).toBe(true);
    expect(holds("2026-01-05T07:59:00Z")).toBe(true);
    expect(holds("2026-01-05T08:00:00Z")).toBe(false);
  });

  it("may be a range of weekdays", () => {
    const { holds } = calendar({ weekdays: ["monday:friday"] });
    expect(["04", "05", "09", "10"].map((day) => holds(`2026-01-${day}T12:00:00Z`))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it("may be counted from the end of the month", () => {
    const { holds } = calendar({ daysOfMonth: ["-1", "1:2"] });
    expect(holds("2028-02-28T12:00:00Z")).toBe(false);
    expect(holds("2028-02-29T12:00:00Z")).toBe(true);
    expect(holds("2028-03-02T12:00:00Z")).toBe(true);
    expect(holds("2028-03-03T12:00:00Z")).toBe(false);
  });

  it("may be in some months only", () => {
    const { holds } = calendar({ months: ["december", "6:july"], daysOfMonth: ["1"] });
    expect(["05", "06", "07", "12"].map((month) => holds(`2026-${month}-01T00:00:00Z`))).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });
});

describe("the end of a mute", () => {
  it("is the minute it ends, over what follows it without a gap", () => {
    const { until } = calendar({ times: ["22:00-24:00"] }, { times: ["00:00-06:47"] });
    expect(until("2026-01-01T23:10:30Z")).toBe("2026-01-02T06:47:00.000Z");
    expect(until("2026-01-01T21:59:00Z")).toBe(null);
  });

  it("is looked for a day ahead at most", () => {
    const { until } = calendar({ months: ["1:12"] });
    expect(until("2026-01-01T10:00:00Z")).toBe("2026-01-02T10:00:00.000Z");
  });
});

it.each([
  { times: ["22:00-06:00"] },
  { times: ["9:00-10:00"] },
  { times: ["10:00-10:00"] },
  { times: ["23:00-24:30"] },
  { weekdays: ["someday"] },
  { weekdays: ["1"] },
  { weekdays: ["friday:monday"] },
  { daysOfMonth: ["0"] },
  { daysOfMonth: ["32"] },
  { daysOfMonth: ["-1:5"] },
  { daysOfMonth: ["5:1"] },
  { months: ["13"] },
  { months: ["may:april"] },
  { months: ["1:2:3"] },
  { times: [] },
  { times: ["09:00-10:00"], location: "Mars/Phobos" },
  { location: "Europe/Berlin" },
  {},
])("%j is refused", (interval) => {
  expect(TimeInterval.safeParse(interval).success).toBe(false);
});
