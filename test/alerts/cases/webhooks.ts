import { type AlertCase, job, running, type Series, series } from "./case.ts";

const account = `AC${"a".repeat(32)}`;

function failures(values: string, labels: Record<string, string> = {}): Series {
  return series(
    "twilio_debugger_events_total",
    { account, product: "Webhooks", code: "11200", level: "ERROR", source: "debugger", ...labels },
    values,
  );
}

const labels = { ...job, account, product: "Webhooks", code: "11200" };

const failureCases: readonly AlertCase[] = [
  {
    when: "the first failure ever makes a new series",
    series: [...running(60), failures("_x29 1x31")],
    firesAt: "30m",
    firing: [{ labels, shown: "1" }],
  },
  {
    when: "one more failure comes to those of before",
    series: [...running(60), failures("7x29 8x30")],
    firesAt: "31m",
    firing: [{ labels, shown: "1" }],
  },
  {
    when: "a new process has its first failure before its second scrape",
    series: [
      ...running(60),
      series("up", { instance: "b:9464" }, "_x30 1x30"),
      series("process_start_time_seconds", { instance: "b:9464" }, "_x30 1795x30"),
      failures("_x30 1x30", { instance: "b:9464" }),
    ],
    firesAt: "31m",
    firing: [{ labels, shown: "1" }],
  },
  {
    when: "two processes and two sources have a failure each",
    series: [
      ...running(60),
      series("up", { instance: "b:9464" }, "1x60"),
      failures("0x29 1x30"),
      failures("_x30 1x30", { instance: "b:9464" }),
      failures("_x30 1x30", { source: "event_streams" }),
    ],
    firesAt: "31m",
    firing: [{ labels, shown: "3" }],
  },
  {
    when: "the process restarts and counts from zero",
    series: [...running(60), failures("9x29 1x30")],
    firesAt: "31m",
    firing: [{ labels, shown: "1" }],
  },
  {
    when: "answers cannot be used, in one account of two",
    series: [
      ...running(60),
      failures("0x29 1x30", { code: "12300" }),
      failures("3x60", { account: `AC${"b".repeat(32)}` }),
    ],
    firesAt: "31m",
    firing: [{ labels: { ...labels, code: "12300" }, shown: "1" }],
  },
  {
    when: "failures lie back more than 15 minutes",
    series: [...running(60), failures("7x60")],
    silentAt: ["20m", "60m"],
  },
  {
    when: "Prometheus was away for half an hour and finds the old failures again",
    series: [
      series("up", {}, "1x10 _x30 1x20"),
      series("process_start_time_seconds", {}, "0x10 _x30 0x20"),
      failures("7x10 _x30 7x20"),
    ],
    silentAt: ["30m", "42m", "45m", "57m", "60m"],
  },
  {
    when: "other codes and mere warnings come",
    series: [
      ...running(60),
      failures("0+1x60", { code: "80604" }),
      failures("0+1x60", { code: "11240", level: "WARNING" }),
    ],
    silentAt: ["30m", "60m"],
  },
].map((each) => ({ alert: "TwilioWebhookFailures", ...each }));

const downCases: readonly AlertCase[] = [
  {
    when: "exactly ten fail in every five minutes",
    series: [...running(60), failures("0x10 2+2x49")],
    firesAt: "25m",
    firing: [{ labels, shown: "10" }],
  },
  {
    when: "nine fail in every five minutes",
    series: [...running(60), failures("0x10 1.8+1.8x49")],
    silentAt: ["15m", "25m", "40m", "60m"],
  },
  {
    when: "a hundred fail within a minute, and then none",
    series: [...running(60), failures("0x10 100x49")],
    silentAt: ["11m", "15m", "21m", "25m"],
  },
].map((each) => ({ alert: "TwilioWebhooksDown", ...each }));

export const webhookCases: readonly AlertCase[] = [...failureCases, ...downCases];
