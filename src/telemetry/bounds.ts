/*
 * Bounds of what the network can make us remember. Prometheus keeps every label set it has ever seen in memory, and so
 * do we: codes, accounts and products come from deliveries, and a label must not grow with them.
 */
import { levels, otherLabel } from "./metric-names.ts";

/** How many values beyond the configured ones a label may take, and how many label sets a metric may have. */
export interface Bounds {
  readonly codes: number;
  readonly accounts: number;
  readonly products: number;
  readonly causes: number;
  /** Label sets of twilio_debugger_events_total, before the folded ones (5 levels × 3 sources). */
  readonly eventSeries: number;
  /** Label sets of twilio_diagnoses_total, before the folded ones (4 verdicts). */
  readonly diagnosisSeries: number;
  /** Label sets of each of the two HTTP durations, before the folded one. Each is 17 series. */
  readonly httpSets: number;
}

export const defaultBounds: Bounds = {
  codes: 100,
  accounts: 20,
  products: 20,
  causes: 200,
  eventSeries: 5_000,
  diagnosisSeries: 2_000,
  httpSets: 100,
};

/**
 * The most series one process gives with the default bounds, whatever comes in: measured by a flood with all built-in rules,
 * 20 configured accounts and 10 receivers. Every further receiver adds about 110.
 */
export const maxSeries = 15_000;

/** Gives a value back, or `other`. */
export type BoundedLabel = (value: string) => string;

/**
 * A label whose values stay bounded: the known ones, the first `others` that fit the pattern, then `other`. First come
 * first kept, because a counter whose series moved into `other` later would run backwards.
 */
export function boundedLabel(known: Iterable<string>, others: number, pattern: RegExp): BoundedLabel {
  const kept = new Set(known);
  const room = kept.size + others;
  return (value) => {
    if (kept.has(value)) return value;
    if (kept.size >= room || !pattern.test(value)) return otherLabel;
    kept.add(value);
    return value;
  };
}

/** Lets the first `max` distinct label sets pass, and those again later; false for any other. */
export function seriesBudget(max: number): (values: readonly string[]) => boolean {
  const kept = new Set<string>();
  return (values) => {
    const key = values.join("\u0000");
    if (kept.has(key)) return true;
    if (kept.size >= max) return false;
    kept.add(key);
    return true;
  };
}

/** The level as a label: one of four words, in any case, else `OTHER`. */
export function levelLabel(level: string): string {
  return levels.find((known) => known === level.toUpperCase()) ?? "OTHER";
}

// What a label may look like at all: no phone number, no URL, nothing long.
export const codePattern: RegExp = /^\d{1,10}$/;
export const accountPattern: RegExp = /^AC[0-9a-zA-Z]{1,62}$/;
export const routePattern: RegExp = /^\/[\w./{}-]{0,63}$/;
export const wordPattern: RegExp = /^[A-Za-z][\w .,&()/'-]{0,63}$/;
