import type { Ledger } from "./ledger.ts";
import { metricSum, type Observation } from "./observe.ts";
import type { Scene } from "./traffic.ts";

/** One thing the demo promises, with what was expected and what was seen. */
export interface Check {
  readonly what: string;
  readonly expected: number | string;
  readonly seen: number | string;
}

/** Holds the record against the sender's book. The demo has worked when expected and seen agree in every line. */
export function checksOf(ledger: Ledger, scenes: readonly Scene[], observed: Observation): Check[] {
  const wrongAnswers = scenes.flatMap(({ expected, statuses }) => statuses.filter((status) => status !== expected));
  const { metrics } = observed;
  return [
    { what: "every request got the answer it should", expected: 0, seen: wrongAnswers.length },
    { what: "events in the record", expected: ledger.distinct, seen: observed.events },
    {
      what: "events in the metrics",
      expected: ledger.distinct,
      seen: metricSum(metrics, "twilio_debugger_events_total"),
    },
    {
      what: "duplicates recognised",
      expected: ledger.sent - ledger.distinct,
      seen: metricSum(metrics, "faultline_event_outcomes_total", { outcome: "duplicate" }),
    },
    ...[...ledger.byCode]
      // INFO lines are events and open no incident.
      .filter(([code]) => code !== 82_004)
      .map(([code, count]) => ({
        what: `${code} counted in its incidents`,
        expected: count,
        seen: observed.incidents
          .filter((incident) => incident.code === code)
          .reduce((sum, each) => sum + each.count, 0),
      })),
  ];
}
