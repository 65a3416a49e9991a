import { type AlertCase, job, running, type Series, series } from "./case.ts";

function accepted(values: string, labels: Record<string, string> = {}): Series {
  return series(
    "faultline_deliveries_total",
    { source: "debugger", outcome: "accepted", reason: "none", ...labels },
    values,
  );
}

function refused(reason: string, values: string, labels: Record<string, string> = {}): Series {
  return series("faultline_deliveries_total", { source: "debugger", outcome: "rejected", reason, ...labels }, values);
}

const signatureCases: readonly AlertCase[] = [
  {
    alert: "FaultlineSignaturesRefused",
    when: "five wrong signatures come within 15 minutes, to two processes",
    series: [
      refused("wrong_signature", "0x19 3x30"),
      refused("wrong_signature", "7x19 9x30", { instance: "b:9464" }),
      accepted("0+1x60"),
    ],
    firesAt: "25m",
    firing: [{ labels: { ...job, source: "debugger", reason: "wrong_signature" }, shown: "5" }],
  },
  {
    alert: "FaultlineSignaturesRefused",
    when: "four come, and strangers ask for other paths",
    series: [
      refused("wrong_signature", "0x19 4x30"),
      refused("not_found", "0+9x60"),
      refused("no_signature", "0+9x60", { source: "none" }),
    ],
    silentAt: ["21m", "25m", "34m", "50m"],
  },
  {
    alert: "FaultlineEveryDeliveryRefused",
    when: "after hours of good deliveries the last three were refused",
    series: [
      accepted("0+1x60 60x60", { source: "event_streams" }),
      refused("wrong_signature", "0x80 3x40", { source: "event_streams" }),
    ],
    firesAt: "86m",
    firing: [{ labels: { ...job, source: "event_streams" }, shown: "3" }],
  },
  {
    alert: "FaultlineEveryDeliveryRefused",
    when: "another process still accepts",
    series: [
      accepted("0+1x60 60x60"),
      accepted("0+1x120", { instance: "b:9464" }),
      refused("wrong_signature", "0x80 30x40"),
    ],
    silentAt: ["86m", "120m"],
  },
  {
    alert: "FaultlineEveryDeliveryRefused",
    when: "nothing was ever accepted from there",
    series: [accepted("0x120"), refused("wrong_signature", "0x80 30x40")],
    silentAt: ["86m", "120m"],
  },
  {
    alert: "FaultlineEveryDeliveryRefused",
    when: "only unsigned requests come, as scanners send them, or two wrong ones",
    series: [accepted("0+1x60 60x60"), refused("no_signature", "0x80 30x40"), refused("wrong_signature", "0x80 2x40")],
    silentAt: ["86m", "120m"],
  },
];

function latency(le: string, values: string): Series {
  return series("faultline_ingest_duration_seconds_bucket", { source: "debugger", le }, values);
}

const ingestCases: readonly AlertCase[] = [
  {
    alert: "FaultlineIngestUnavailable",
    when: "6 of 100 deliveries are turned away, by two processes",
    series: [
      accepted("0x10 94+94x30"),
      refused("database_unavailable", "0x10 3+3x30"),
      refused("overloaded", "0x10 3+3x30", { instance: "b:9464", source: "event_streams" }),
    ],
    firesAt: "16m",
    firing: [{ labels: job, shown: "6%" }],
  },
  {
    alert: "FaultlineIngestUnavailable",
    when: "few deliveries come and none can be recorded",
    series: [accepted("12x40"), refused("database_unavailable", "0x10 1x30")],
    firesAt: "16m",
    firing: [{ labels: job, shown: "100%" }],
  },
  {
    alert: "FaultlineIngestUnavailable",
    when: "5 of 100 are turned away, others are refused",
    series: [
      accepted("0x10 85+85x30"),
      refused("database_unavailable", "0x10 5+5x30"),
      refused("wrong_signature", "0x10 10+10x30"),
    ],
    silentAt: ["16m", "40m"],
  },
  {
    alert: "FaultlineIngestUnavailable",
    when: "the database was away for seconds",
    series: [accepted("0+100x40"), refused("database_unavailable", "0x10 20x30")],
    silentAt: ["11m", "16m", "20m", "40m"],
  },
  {
    alert: "FaultlineIngestSlow",
    when: "more than 1 of 100 takes longer than 2.5 seconds",
    series: [latency("2.5", "0+989x30"), latency("5", "0+1000x30"), latency("+Inf", "0+1000x30")],
    firesAt: "11m",
    firing: [{ labels: { ...job, source: "debugger" }, shown: "2.727s" }],
  },
  {
    alert: "FaultlineIngestSlow",
    when: "exactly 1 of 100 does",
    series: [latency("2.5", "0+990x30"), latency("5", "0+1000x30"), latency("+Inf", "0+1000x30")],
    silentAt: ["11m", "20m", "30m"],
  },
  {
    alert: "FaultlineIngestSlow",
    when: "nothing comes",
    series: [latency("2.5", "0x30"), latency("5", "7x30"), latency("+Inf", "7x30")],
    silentAt: ["11m", "30m"],
  },
];

function quarantined(values: string, labels: Record<string, string> = {}): Series {
  return series(
    "faultline_event_outcomes_total",
    { source: "event_streams", outcome: "quarantined", ...labels },
    values,
  );
}

const quarantineCases: readonly AlertCase[] = [
  {
    alert: "FaultlineQuarantineGrowing",
    when: "one entry is not understood",
    series: [quarantined("0x39 1x30"), quarantined("4x70", { instance: "b:9464" })],
    firesAt: "45m",
    firing: [{ labels: { ...job, source: "event_streams" }, shown: "1" }],
  },
  {
    alert: "FaultlineQuarantineGrowing",
    when: "the last one came more than half an hour ago, and events are recorded",
    series: [quarantined("4x70"), quarantined("0+9x70", { outcome: "recorded" })],
    silentAt: ["31m", "45m", "70m"],
  },
];

/** Every 5 minutes; three days have 864 of them. */
const step = "5m";
const threeDays = 864;

function lastAccepted(values: string, labels: Record<string, string> = {}): Series {
  return series("faultline_last_accepted_delivery_timestamp_seconds", { source: "debugger", ...labels }, values);
}

const nothingCases: readonly AlertCase[] = [
  {
    when: "nothing was ever accepted and three days are over",
    series: running(threeDays + 20),
    firesAt: "4335m",
    firing: [{ labels: job, shown: null }],
  },
  {
    when: "the last delivery, an hour after the start, lies back three days",
    series: [...running(threeDays + 30), lastAccepted(`_x12 3600x${threeDays + 18}`)],
    firesAt: "4395m",
    firing: [{ labels: job, shown: null }],
  },
  {
    when: "another process, which is gone, accepted something within the three days",
    series: [...running(threeDays + 30), lastAccepted("_x12 7200x20", { instance: "b:9464" })],
    silentAt: ["4335m", "4395m", "4430m"],
  },
  {
    when: "Faultline is younger than three days",
    series: running(threeDays - 1),
    silentAt: ["60m", "1440m", "4315m"],
  },
].map((each) => ({ alert: "FaultlineNothingReceived", step, ...each }));

export const deliveryCases: readonly AlertCase[] = [
  ...signatureCases,
  ...ingestCases,
  ...quarantineCases,
  ...nothingCases,
];
