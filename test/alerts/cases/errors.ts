import { type AlertCase, job, running, type Series, series } from "./case.ts";

const account = `AC${"a".repeat(32)}`;

/** Every 5 minutes; a week has 2016 of them. */
const step = "5m";
const week = 2016;

function errors(values: string, labels: Record<string, string> = {}): Series {
  const all = { account, product: "Proxy", code: "80604", level: "WARNING", source: "debugger", ...labels };
  return series("twilio_debugger_events_total", all, values);
}

const labels = { ...job, account, product: "Proxy" };

const surgeCases: readonly AlertCase[] = [
  {
    when: "there are three times as many as in the same hour last week",
    series: [...running(week + 60), errors(`0+2x${week + 24} ${2 * (week + 24) + 6}+6x30`)],
    firesAt: "10270m",
    firing: [{ labels, shown: "72" }],
  },
  {
    when: "there are two and a half times as many",
    series: [...running(week + 60), errors(`0+2x${week + 24} ${2 * (week + 24) + 5}+5x30`)],
    silentAt: ["10200m", "10270m", "10330m"],
  },
  {
    when: "last week had none and the floor is reached, by codes and processes together",
    series: [
      ...running(week + 30),
      errors(`0x${week} 2 4 6 8 10x20`),
      errors(`0x${week} 2 4 6 8 10x20`, { instance: "b:9464", code: "80905", level: "ERROR" }),
    ],
    firesAt: "10115m",
    firing: [{ labels, shown: "20" }],
  },
  {
    when: "last week had none and the floor is missed by one",
    series: [...running(week + 30), errors(`0x${week} 4 8 12 16 19x20`)],
    silentAt: ["10115m", "10130m", "10140m"],
  },
  {
    when: "last week had nothing of this product, but Faultline watched",
    series: [...running(week + 30), errors(`_x${week} 0 5 10 15 20x20`)],
    firesAt: "10110m",
    firing: [{ labels, shown: "20" }],
  },
  {
    when: "the process restarts in a surge",
    series: [...running(week + 30), errors(`0x${week} 10 2 4 6 12x20`)],
    firesAt: "10115m",
    firing: [{ labels, shown: "22" }],
  },
  {
    when: "Faultline has not watched for a week",
    series: [...running(100), errors("0+100x100")],
    silentAt: ["60m", "200m", "500m"],
  },
  {
    when: "only INFO comes, a hundred times as much",
    series: [...running(week + 30), errors(`0+1x${week} ${week}+100x30`, { level: "INFO" })],
    silentAt: ["10110m", "10150m", "10200m"],
  },
].map((each) => ({ alert: "TwilioErrorRateSurge", step, ...each }));

const newCodeCases: readonly AlertCase[] = [
  {
    when: "a code comes on the second day",
    series: [...running(400), errors("_x312 1x20", { code: "11200" })],
    firesAt: "1565m",
    firing: [{ labels: { ...job, code: "11200" }, shown: null }],
  },
  {
    when: "a code that began at zero has its first event, in two accounts at once",
    series: [
      ...running(400),
      errors("0x311 1x20"),
      errors("_x312 1x20", { account: `AC${"b".repeat(32)}`, instance: "b:9464" }),
    ],
    firesAt: "1565m",
    firing: [{ labels: { ...job, code: "80604" }, shown: null }],
  },
  {
    when: "the code is not new any more after an hour",
    series: [...running(400), errors("_x312 1x40", { code: "11200" })],
    silentAt: ["1630m", "1700m"],
  },
  {
    when: "the code had come before the process restarted",
    series: [...running(400), errors("_x50 1x50 _x212 1x20", { code: "11200" })],
    silentAt: ["1560m", "1565m", "1600m"],
  },
  {
    when: "every code is new, on the first day",
    series: [...running(400), errors("_x24 1x300", { code: "11200" })],
    silentAt: ["125m", "150m", "600m", "1440m"],
  },
  {
    when: "what came has no label of its own",
    series: [...running(400), errors("_x312 1x20", { code: "other" })],
    silentAt: ["1565m", "1600m"],
  },
].map((each) => ({ alert: "TwilioNewErrorCode", step, ...each }));

function unknown(values: string, labels: Record<string, string> = {}): Series {
  return series("twilio_unknown_code_events_total", { account, ...labels }, values);
}

const unknownCodeCases: readonly AlertCase[] = [
  {
    when: "the first event with an unknown code comes",
    series: [...running(120), unknown("_x90 1x30")],
    firesAt: "95m",
    firing: [{ labels: { ...job, account }, shown: "1" }],
  },
  {
    when: "two processes have two more each",
    series: [...running(120), unknown("3x89 5x30"), unknown("0x89 2x30", { instance: "b:9464" })],
    firesAt: "95m",
    firing: [{ labels: { ...job, account }, shown: "4" }],
  },
  {
    when: "those of before lie back more than an hour",
    series: [...running(120), unknown("3x120")],
    silentAt: ["70m", "120m"],
  },
].map((each) => ({ alert: "TwilioUnknownErrorCode", ...each }));

export const errorCases: readonly AlertCase[] = [...surgeCases, ...newCodeCases, ...unknownCodeCases];
