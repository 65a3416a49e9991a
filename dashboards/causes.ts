/*
 * Panels about causes: which documented cause of a code applies, as Faultline's diagnoses found.
 */
import { verdicts } from "../src/core/diagnosis/verdict.ts";
import { metrics } from "../src/telemetry/metric-names.ts";
import type { Row } from "./layout.ts";
import { barsPanel, graphPanel } from "./panels.ts";
import { type Choice, countOf } from "./promql.ts";
import { tablePanel } from "./tables.ts";

const diagnoses = metrics.diagnoses;
type Where = NonNullable<Choice<typeof diagnoses>["where"]>;

const verdictColours = { confirmed: "red", likely: "orange", unknown: "text", "ruled-out": "green" } as const;
const columnNames = { confirmed: "Confirmed", likely: "Likely", unknown: "Unknown", "ruled-out": "Ruled out" } as const;

/** The row of causes, of the codes that the matchers leave. */
export function causesRow(where: Where): Row {
  const looked = countOf(diagnoses, { by: ["code", "cause"], where });
  return {
    title: "Why: documented causes by verdict",
    panels: [
      tablePanel({
        title: "Causes by verdict",
        description:
          "How often each documented cause of a code was confirmed, likely, unknown or ruled out in the events diagnosed in the time shown. A sample of an incident's events is diagnosed, so these are no numbers of events. Cause none: no cause is documented. What each cause means: the page of the code in docs/codes.",
        unit: "short",
        decimals: 0,
        width: 12,
        noValue: "Nothing was diagnosed",
        labels: { code: "Code", cause: "Cause" },
        values: verdicts.map((verdict) => columnNames[verdict]),
        queries: verdicts.map((verdict) => ({
          expr: `${countOf(diagnoses, { by: ["code", "cause"], where: [["verdict", verdict], ...where] })} and on (code, cause) (${looked} > 0)`,
        })),
      }),
      barsPanel({
        title: "Leading causes",
        description: "The ten causes most often confirmed or likely in the time shown: what to put right first.",
        unit: "short",
        decimals: 0,
        width: 6,
        noValue: "No cause was found",
        queries: [
          {
            expr: `sort_desc(topk(10, ${countOf(diagnoses, { by: ["code", "cause"], where: [["verdict", ["confirmed", "likely"]], ...where] })} > 0))`,
            legend: "{{code}} {{cause}}",
          },
        ],
      }),
      graphPanel({
        title: "Verdicts",
        description:
          "Verdicts by how sure they are. Many unknown ones mean that Faultline could not read what it needed from Twilio.",
        unit: "short",
        decimals: 1,
        width: 6,
        height: 9,
        bars: true,
        colours: verdictColours,
        queries: [
          { expr: countOf(diagnoses, { by: ["verdict"], where, over: "$__rate_interval" }), legend: "{{verdict}}" },
        ],
        runbooks: ["FaultlineTwilioApiRefusing"],
      }),
    ],
  };
}
