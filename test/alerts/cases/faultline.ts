import { type AlertCase, job, running, type Series, series } from "./case.ts";

const downCases: readonly AlertCase[] = [
  {
    alert: "FaultlineDown",
    when: "all processes stop answering",
    series: [series("up", {}, "1x4 0x10"), series("up", { instance: "b:9464" }, "1x3 0x11")],
    firesAt: "7m",
    firing: [{ labels: job, shown: null }],
  },
  {
    alert: "FaultlineDown",
    when: "its targets are gone",
    series: [series("up", {}, "1x4 _x10"), series("up", { job: "other" }, "1x20")],
    // Prometheus looks back 5 minutes for a series that it was not told has ended.
    firesAt: "12m",
    firing: [{ labels: job, shown: null }],
  },
  {
    alert: "FaultlineDown",
    when: "one of two still answers",
    series: [series("up", {}, "0x20"), series("up", { instance: "b:9464" }, "1x20")],
    silentAt: ["5m", "20m"],
  },
  {
    alert: "FaultlineDown",
    when: "one scrape fails",
    series: [series("up", {}, "1x4 0x1 1x10")],
    silentAt: ["5m", "6m", "7m", "8m"],
  },
  {
    alert: "FaultlineInstanceDown",
    when: "one of two stops answering",
    series: [series("up", {}, "1x4 0x10"), series("up", { instance: "b:9464" }, "1x14")],
    firesAt: "10m",
    firing: [{ labels: { ...job, instance: "a:9464" }, shown: null }],
  },
  {
    alert: "FaultlineInstanceDown",
    when: "it is back after four minutes, and another job is down",
    series: [series("up", {}, "1x4 0x3 1x10"), series("up", { job: "other" }, "0x20")],
    silentAt: ["9m", "10m", "15m"],
  },
];

function queueAge(values: string, labels: Record<string, string> = {}): Series {
  return series("faultline_queue_oldest_job_age_seconds", { queue: "diagnose", ...labels }, values);
}

function failedJobs(values: string, labels: Record<string, string> = {}): Series {
  return series("faultline_job_duration_seconds_count", { queue: "diagnose", outcome: "failed", ...labels }, values);
}

const workCases: readonly AlertCase[] = [
  {
    alert: "FaultlineQueueStalled",
    when: "the oldest job has waited for more than five minutes, and two processes say so",
    series: [queueAge("0x4 301x20"), queueAge("0x4 301x20", { instance: "b:9464" })],
    firesAt: "15m",
    firing: [{ labels: { ...job, queue: "diagnose" }, shown: "5m 1s" }],
  },
  {
    alert: "FaultlineQueueStalled",
    when: "scrapes fail meanwhile",
    series: [queueAge("0x4 301x4 _x3 800x20")],
    firesAt: "15m",
    firing: [{ labels: { ...job, queue: "diagnose" }, shown: "13m 20s" }],
  },
  {
    alert: "FaultlineQueueStalled",
    when: "it waits five minutes at most",
    series: [queueAge("300x30")],
    silentAt: ["10m", "30m"],
  },
  {
    alert: "FaultlineQueueStalled",
    when: "it was late for a few minutes",
    series: [queueAge("0x4 400x3 0x30")],
    silentAt: ["10m", "15m", "18m", "20m"],
  },
  {
    alert: "FaultlineJobsFailing",
    when: "three jobs are given up within an hour, in two processes",
    series: [failedJobs("0x30 2x60"), failedJobs("4x30 5x60", { instance: "b:9464" })],
    firesAt: "36m",
    firing: [{ labels: { ...job, queue: "diagnose" }, shown: "3" }],
  },
  {
    alert: "FaultlineJobsFailing",
    when: "two are given up, and many retried",
    series: [failedJobs("0x30 2x60"), failedJobs("0+9x90", { outcome: "retried" })],
    silentAt: ["36m", "90m"],
  },
];

function twilioRequests(values: string, outcome: string, labels: Record<string, string> = {}): Series {
  return series("faultline_twilio_requests_total", { api: "monitor.alerts.fetch", outcome, ...labels }, values);
}

const twilioCases: readonly AlertCase[] = [
  {
    alert: "FaultlineTwilioApiRefusing",
    when: "6 of 100 requests are one too many",
    series: [
      ...running(40),
      twilioRequests("0x10 94+94x30", "ok"),
      twilioRequests("0x10 3+3x30", "rate_limited"),
      twilioRequests("0x10 3+3x30", "rate_limited", { instance: "b:9464" }),
    ],
    firesAt: "21m",
    firing: [{ labels: { ...job, outcome: "rate_limited" }, shown: "6%" }],
  },
  {
    alert: "FaultlineTwilioApiRefusing",
    when: "the credentials are wrong",
    series: [...running(40), twilioRequests("50x40", "ok"), twilioRequests("0x10 1x30", "unauthorized")],
    firesAt: "21m",
    firing: [{ labels: { ...job, outcome: "unauthorized" }, shown: "100%" }],
  },
  {
    alert: "FaultlineTwilioApiRefusing",
    when: "5 of 100 requests are limited, and many not found",
    series: [
      ...running(40),
      twilioRequests("0x10 45+45x30", "ok"),
      twilioRequests("0x10 50+50x30", "not_found"),
      twilioRequests("0x10 5+5x30", "rate_limited"),
    ],
    silentAt: ["21m", "40m"],
  },
  {
    alert: "FaultlineTwilioApiRefusing",
    when: "nothing is asked",
    series: [...running(40), twilioRequests("5x40", "ok"), twilioRequests("5x40", "unauthorized")],
    silentAt: ["21m", "40m"],
  },
];

function notices(values: string, receiver: string, outcome: string, reason: string, instance = "a:9464"): Series {
  return series("faultline_notices_total", { receiver, outcome, reason, instance }, values);
}

const noticeCases: readonly AlertCase[] = [
  {
    alert: "FaultlineNoticesFailing",
    when: "one notice is given up",
    series: [
      notices("0x29 1x30", "slack", "given_up", "authError"),
      notices("0x60", "slack", "given_up", "authError", "b:9464"),
      notices("0+1x60", "pagerduty", "delivered", "first"),
    ],
    firesAt: "35m",
    firing: [
      {
        labels: { ...job, receiver: "slack", reason: "authError" },
        shown: "1",
      },
    ],
  },
  {
    alert: "FaultlineNoticesFailing",
    when: "notices are delivered, suppressed and superseded, and one was given up long ago",
    series: [
      notices("0+1x60", "slack", "delivered", "first"),
      notices("0+1x60", "slack", "suppressed", "suppressed_storm"),
      notices("0+1x60", "slack", "superseded", "overtaken"),
      notices("1x60", "slack", "given_up", "authError"),
    ],
    silentAt: ["35m", "60m"],
  },
  {
    alert: "FaultlineNoReceiverReached",
    when: "all notices of all receivers are given up",
    series: [
      notices("0x29 1x30", "slack", "given_up", "authError"),
      notices("0x29 1x30", "pagerduty", "given_up", "network"),
      notices("7x60", "slack", "delivered", "first"),
    ],
    firesAt: "35m",
    firing: [{ labels: job, shown: "2" }],
  },
  {
    alert: "FaultlineNoReceiverReached",
    when: "another process reaches one receiver",
    series: [
      notices("0x29 5x30", "slack", "given_up", "authError"),
      notices("0x29 1x30", "pagerduty", "delivered", "first", "b:9464"),
    ],
    silentAt: ["35m", "60m"],
  },
];

function folded(values: string, labels: Record<string, string> = {}): Series {
  return series("faultline_labels_folded_total", { label: "code", ...labels }, values);
}

const cardinalityCases: readonly AlertCase[] = [
  {
    alert: "FaultlineCardinalityLimit",
    when: "a value finds no room",
    series: [...running(120), folded("0x89 1x30"), folded("_x90 2x30", { label: "account" })],
    firesAt: "95m",
    firing: [
      { labels: { ...job, label: "code" }, shown: "1" },
      { labels: { ...job, label: "account" }, shown: "2" },
    ],
  },
  {
    alert: "FaultlineCardinalityLimit",
    when: "values found none yesterday",
    series: [...running(120), folded("40x120")],
    silentAt: ["60m", "70m", "120m"],
  },
];

export const faultlineCases: readonly AlertCase[] = [
  ...downCases,
  ...workCases,
  ...twilioCases,
  ...noticeCases,
  ...cardinalityCases,
];
