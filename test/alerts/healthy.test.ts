import { describe, expect, test } from "vitest";
import { job, type Series, series } from "./cases/case.ts";
import { inputSeries, installed, promtoolTest } from "./promtool.ts";

const hasPromtool = installed("promtool", "prometheus");
const account = `AC${"a".repeat(32)}`;
const steps = 240;

/** What a process shows in four hours in which nothing is wrong with it, and Twilio reports as little as ever. */
function process(instance: string): readonly Series[] {
  const one = (metric: string, labels: Record<string, string>, values: string) =>
    series(metric, { ...labels, instance }, values);
  const event = { account, product: "Messaging", code: "30006", level: "ERROR", source: "debugger" };
  return [
    one("up", {}, `1x${steps}`),
    one("process_start_time_seconds", {}, `0x${steps}`),
    one("faultline_build_info", { version: "1.0.0", node: "v24.0.0" }, `1x${steps}`),
    one("twilio_debugger_events_total", event, `0+0.2x${steps}`),
    one("twilio_debugger_events_total", { ...event, level: "INFO", code: "82008" }, `0+30x${steps}`),
    one("twilio_debugger_events_total", { ...event, product: "Proxy", code: "80604", level: "WARNING" }, `0x${steps}`),
    one("twilio_incidents_open", { code: "80604", severity: "warning" }, `0x${steps}`),
    one("twilio_incidents_open", { code: "30006", severity: "info" }, `2x${steps}`),
    one("faultline_deliveries_total", { source: "debugger", outcome: "accepted", reason: "none" }, `0+5x${steps}`),
    one(
      "faultline_deliveries_total",
      { source: "debugger", outcome: "rejected", reason: "no_signature" },
      `0x60 1x180`,
    ),
    one("faultline_deliveries_total", { source: "none", outcome: "rejected", reason: "not_found" }, `0+3x${steps}`),
    one("faultline_last_accepted_delivery_timestamp_seconds", { source: "debugger" }, `0+60x${steps}`),
    one("faultline_event_outcomes_total", { source: "debugger", outcome: "quarantined" }, `0x${steps}`),
    one("faultline_ingest_duration_seconds_bucket", { source: "debugger", le: "0.01" }, `0+5x${steps}`),
    one("faultline_ingest_duration_seconds_bucket", { source: "debugger", le: "+Inf" }, `0+5x${steps}`),
    one("faultline_queue_oldest_job_age_seconds", { queue: "diagnose" }, `0x100 4x20 0x119`),
    one("faultline_job_duration_seconds_count", { queue: "diagnose", outcome: "failed" }, `0x${steps}`),
    one("faultline_job_duration_seconds_count", { queue: "diagnose", outcome: "completed" }, `0+1x${steps}`),
    one("faultline_twilio_requests_total", { api: "monitor.alerts.fetch", outcome: "ok" }, `0+4x${steps}`),
    one("faultline_twilio_requests_total", { api: "monitor.alerts.fetch", outcome: "rate_limited" }, `0x${steps}`),
    one("faultline_notices_total", { receiver: "slack", outcome: "given_up", reason: "network" }, `0x${steps}`),
    one("faultline_notices_total", { receiver: "slack", outcome: "delivered", reason: "first" }, `0+0.1x${steps}`),
  ];
}

describe.skipIf(!hasPromtool)(`promtool${hasPromtool ? "" : " (prometheus is not installed)"}`, () => {
  test("no alert is even pending while all is well, in two processes", async () => {
    const moments = ["1m", "30m", "60m", "90m", "121m", "180m", "240m"];
    const { exitCode, output } = await promtoolTest(
      {
        interval: "1m",
        input_series: inputSeries([...process("a:9464"), ...process("b:9464")]),
        promql_expr_test: moments.map((at) => ({ expr: "ALERTS", eval_time: at, exp_samples: [] })),
      },
      null,
    );
    expect(exitCode, output).toBe(0);
  });

  test("the same look at the rules does see alerts once the processes are gone", async () => {
    const { exitCode, output } = await promtoolTest(
      {
        interval: "1m",
        input_series: inputSeries([series("up", {}, "0x20")]),
        promql_expr_test: [
          {
            expr: 'ALERTS{alertstate="firing"}',
            eval_time: "10m",
            exp_samples: [
              {
                labels: `ALERTS{alertname="FaultlineDown", alertstate="firing", job="${job.job}", severity="critical"}`,
                value: 1,
              },
              {
                labels: `ALERTS{alertname="FaultlineInstanceDown", alertstate="firing", instance="a:9464", job="${job.job}", severity="warning"}`,
                value: 1,
              },
            ],
          },
        ],
      },
      null,
    );
    expect(exitCode, output).toBe(0);
  });
});
