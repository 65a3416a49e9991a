/*
 * Times at which routes keep quiet, as Alertmanager's users know them: an instant is in an interval when it meets every
 * field that is written, and one of the values of each. Everything goes by the clock of `location`, so "from 22:00" is
 * 22:00 there in summer and in winter. https://prometheus.io/docs/alerting/latest/configuration/#time_interval
 */
import { z } from "zod";

const weekdayNames = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;
const monthNames = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
] as const;

const minutesOfDay = 24 * 60;
const minuteMs = 60_000;

/** The changes of every clock in use fall on a quarter of an hour, so between two of them local time runs evenly. */
const quarterMs = 15 * minuteMs;

/** The end of a mute is looked for so far ahead; beyond that one looks again then. */
const horizonMs = 24 * 60 * minuteMs;

/** From and to, both included. */
interface Range {
  readonly from: number;
  readonly to: number;
}

function ranged(toRange: (text: string) => Range | null) {
  return z.array(z.string().refine((text) => toRange(text) !== null)).min(1);
}

/** One or more of the fields; all that are written must hold. */
export const TimeInterval = z
  .strictObject({
    /** `22:00-24:00`; one that crosses midnight is written as two. */
    times: ranged(timeRange).exactOptional(),
    /** `saturday`, or `monday:friday`. */
    weekdays: ranged((text) => namedRange(text, weekdayNames, 0)).exactOptional(),
    /** `1:5`, or `-3:-1` for the last three days of the month. */
    daysOfMonth: ranged(dayRange).exactOptional(),
    /** `december`, `6:8`, or `june:august`. */
    months: ranged((text) => namedRange(text, monthNames, 1)).exactOptional(),
    /** Name of a time zone, such as `Europe/Berlin`. UTC when left out. */
    location: z.string().min(1).max(100).refine(isTimeZone).exactOptional(),
  })
  .refine((interval) => Object.keys(interval).some((key) => key !== "location"));
export type TimeInterval = z.infer<typeof TimeInterval>;

/** Times with a name by which routes refer to them. */
export const MuteTimeInterval = z.strictObject({
  name: z.string().min(1).max(80),
  intervals: z.array(TimeInterval).min(1),
});
export type MuteTimeInterval = z.infer<typeof MuteTimeInterval>;

/** Intervals made ready to be asked. */
export interface Calendar {
  readonly names: readonly string[];
  /** The names of those in which the instant lies. */
  activeAt(instant: Date): readonly string[];
  /** When none holds any more, or a day later if that comes first; null when none holds at the instant. */
  activeUntil(instant: Date): Date | null;
}

/** The intervals must have come through {@link MuteTimeInterval}. */
export function compileCalendar(intervals: readonly MuteTimeInterval[]): Calendar {
  const compiled = intervals.map(({ name, intervals: each }) => ({ name, times: each.map(compileInterval) }));
  const activeAt = (instant: Date) =>
    compiled.filter(({ times }) => times.some((holds) => holds(instant))).map(({ name }) => name);
  return {
    names: intervals.map(({ name }) => name),
    activeAt,
    activeUntil(instant) {
      if (activeAt(instant).length === 0) return null;
      const horizon = instant.getTime() + horizonMs;
      let at = Math.floor(instant.getTime() / quarterMs) * quarterMs + quarterMs;
      while (at < horizon && activeAt(new Date(at)).length > 0) at += quarterMs;
      if (at >= horizon) return new Date(horizon);
      return new Date(firstQuiet(at, (minute) => activeAt(new Date(minute)).length === 0));
    },
  };
}

/** The first minute of the quarter of an hour that ends at `end` at which it is over; by then it is. */
function firstQuiet(end: number, isOver: (at: number) => boolean): number {
  for (let at = end - quarterMs + minuteMs; at < end; at += minuteMs) if (isOver(at)) return at;
  return end;
}

function compileInterval(interval: TimeInterval): (instant: Date) => boolean {
  const { times, weekdays, daysOfMonth, months, location } = interval;
  const local = localClock(location ?? "UTC");
  const inTimes = oneOf(times, timeRange);
  const inWeekdays = oneOf(weekdays, (text) => namedRange(text, weekdayNames, 0));
  const inMonths = oneOf(months, (text) => namedRange(text, monthNames, 1));
  const days = daysOfMonth?.map(dayRange);
  return (instant) => {
    const { minute, weekday, day, month, daysInMonth } = local(instant);
    const inDays = days === undefined || days.some((range) => range !== null && isDayIn(day, daysInMonth, range));
    return inTimes(minute) && inWeekdays(weekday) && inDays && inMonths(month);
  };
}

interface LocalTime {
  /** Since midnight by the clock on the wall. */
  readonly minute: number;
  /** Sunday is 0. */
  readonly weekday: number;
  readonly day: number;
  /** January is 1. */
  readonly month: number;
  readonly daysInMonth: number;
}

function localClock(timeZone: string): (instant: Date) => LocalTime {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  return (instant) => {
    const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const [year, month, day] = [part("year"), part("month"), part("day")];
    return {
      minute: part("hour") * 60 + part("minute"),
      weekday: new Date(Date.UTC(year, month - 1, day)).getUTCDay(),
      day,
      month,
      daysInMonth: new Date(Date.UTC(year, month, 0)).getUTCDate(),
    };
  };
}

function oneOf(
  texts: readonly string[] | undefined,
  toRange: (text: string) => Range | null,
): (value: number) => boolean {
  if (texts === undefined) return () => true;
  const ranges = texts.map(toRange);
  return (value) => ranges.some((range) => range !== null && value >= range.from && value <= range.to);
}

/** Minutes of the day; the end is not included, as in Alertmanager. */
function timeRange(text: string): Range | null {
  const match = /^([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)$/.exec(text);
  if (match === null) return null;
  const from = Number(match[1]) * 60 + Number(match[2]);
  const to = Number(match[3]) * 60 + Number(match[4]) - 1;
  return from <= to && to < minutesOfDay ? { from, to } : null;
}

/** Days from 1, or from the end with -1 as the last one. */
function dayRange(text: string): Range | null {
  const match = /^(-?\d{1,2})(?::(-?\d{1,2}))?$/.exec(text);
  if (match === null) return null;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  const isDay = (day: number) => day !== 0 && Math.abs(day) <= 31;
  if (!isDay(from) || !isDay(to)) return null;
  // From the 20th to the third last is fine; from the third last to the 20th can never be.
  return Math.sign(from) === Math.sign(to) ? (from <= to ? { from, to } : null) : from > 0 ? { from, to } : null;
}

function isDayIn(day: number, daysInMonth: number, { from, to }: Range): boolean {
  const resolve = (each: number) => (each < 0 ? daysInMonth + 1 + each : each);
  return day >= resolve(from) && day <= resolve(to);
}

/** `monday:friday`, `12`, `june:8`. Weekdays have no numbers. */
function namedRange(text: string, names: readonly string[], first: number): Range | null {
  const words = text.toLowerCase().split(":");
  if (words.length > 2) return null;
  const numbers = words.map((word) => {
    const named = names.indexOf(word);
    if (named >= 0) return named + first;
    return first === 1 && /^([1-9]|1[0-2])$/.test(word) ? Number(word) : null;
  });
  const [from, to = from] = numbers;
  return from == null || to == null || from > to ? null : { from, to };
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
