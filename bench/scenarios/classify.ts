import { loadCatalogue } from "../../src/core/catalogue.ts";
import type { DebuggerEvent } from "../../src/core/event.ts";
import { fingerprint, subjectOf } from "../../src/core/fingerprint.ts";
import { redactPayload } from "../../src/core/redact.ts";
import { classify as classifyEvent, compileRules, type RuleSet } from "../../src/core/rules/match.ts";
import { Rule } from "../../src/core/rules/rule.ts";
import { loadBuiltInRules } from "../../src/rule-packs.ts";
import type { Bench, Findings } from "../bench.ts";
import { parsedEvents } from "../load/events.ts";
import { median } from "../report/median.ts";

const catalogue = loadCatalogue();
const builtIn = loadBuiltInRules();

/** What an event costs between parsing and commit, without network and database. */
export function classify(bench: Bench): Promise<Findings> {
  const events = eventsOfAllCodes();
  const redacted = events.map((event) => ({ ...event, payload: redactPayload(event.payload) }));
  const rules = compileRules(usersRules(), builtIn, catalogue);
  const cost = (step: (event: DebuggerEvent) => unknown, of: readonly DebuggerEvent[]) =>
    costUs(step, of, bench.options.quick ? 3 : 9);
  const all = cost((event) => prepare(event, rules), events);
  const parts: [string, number][] = [
    ["classify, fingerprint and redact: together", all],
    ["redact", cost((event) => redactPayload(event.payload), events)],
    ["classify", cost((event) => classifyEvent(event, rules), redacted)],
    ["fingerprint", cost((event) => fingerprint(event, ["account", "code", "service"], "Proxy"), redacted)],
    ["besides: what the event is about, hashed", cost(subjectOf, redacted)],
  ];
  const growth: [number, number][] = [0, 200, 2_000, 20_000].map((count) => {
    const many = compileRules(rulesByCode(count), builtIn, catalogue);
    return [count, cost((event) => classifyEvent(event, many), redacted)];
  });
  const growthOf = new Map(growth);
  return Promise.resolve({
    tables: [
      {
        title: `An event of 1 KB, ${events.length.toLocaleString("en-US")} codes, 200 rules of the user`,
        columns: ["", "µs an event"],
        rows: parts,
      },
      {
        title: "Classifying, by the number of rules that name a code",
        columns: ["rules of the user", "µs an event"],
        rows: growth,
      },
    ],
    figures: {
      classifyUs: all,
      classifyGrowth: (growthOf.get(20_000) ?? Number.NaN) / (growthOf.get(200) ?? Number.NaN),
    },
    problems: [],
  });
}

function prepare(raw: DebuggerEvent, rules: RuleSet): string {
  const event = { ...raw, payload: redactPayload(raw.payload) };
  const verdict = classifyEvent(event, rules);
  return fingerprint(event, verdict.groupBy, verdict.product);
}

/** The usual events under every code of the catalogue. */
function eventsOfAllCodes(): DebuggerEvent[] {
  const kinds = parsedEvents();
  return catalogue.codes.flatMap((code, index) => {
    const kind = kinds[index % kinds.length];
    return kind === undefined ? [] : [{ ...kind, code }];
  });
}

/** 200 rules as people write them: most by code, some with conditions, some by range, some without a code. */
function usersRules(): Rule[] {
  return Array.from({ length: 200 }, (_, index) => {
    const code = catalogue.codes[index * 11] ?? 10_001;
    const id = `user-${index}`;
    if (index % 20 === 0)
      return Rule.parse({ id, match: { message: "quota (exceeded|reached)" }, severity: "critical" });
    if (index % 20 === 1)
      return Rule.parse({ id, match: { code: `${code}-${code + 50}`, level: "WARNING" }, title: id });
    if (index % 4 === 2) return Rule.parse({ id, match: { code, message: "timed? ?out" }, severity: "warning" });
    return Rule.parse({ id, match: { code }, severity: "error" });
  });
}

/** The first 200 name codes that occur, the others ones that do not: what is looked at is the size of the index. */
function rulesByCode(count: number): Rule[] {
  return Array.from({ length: count }, (_, index) => {
    const code = index < 200 ? catalogue.codes[index * 12] : 200_000 + index;
    return Rule.parse({ id: `code-${index}`, match: { code }, title: `Rule ${index}` });
  });
}

/** A round goes over all events again and again, so that it is long enough for the clock, in milliseconds. */
const roundMs = 40;

/** Median over the rounds of the mean over all events, in microseconds; the first five do not count. */
function costUs(step: (event: DebuggerEvent) => unknown, events: readonly DebuggerEvent[], rounds: number): number {
  const found: number[] = [];
  let kept: unknown;
  for (let round = 0; round < rounds + 5; round += 1) {
    const started = performance.now();
    let passes = 0;
    do {
      for (const event of events) kept = step(event);
      passes += 1;
    } while (performance.now() - started < roundMs);
    found.push(((performance.now() - started) * 1000) / (events.length * passes));
  }
  if (kept === undefined) throw new Error("expected the step to give something");
  return median(found.slice(5));
}
