import { type AlertCase, job, series } from "./case.ts";

const codes = [
  { alert: "TwilioProxyIdentifierInUse", code: "80604", severity: "warning" },
  { alert: "TwilioProxyUnknownParticipant", code: "80903", severity: "warning" },
  { alert: "TwilioProxyUnknownScenario", code: "80905", severity: "warning" },
  { alert: "TwilioConversationBindingExists", code: "50416", severity: "error" },
  { alert: "TwilioFrontlineConversationExists", code: "48031", severity: "error" },
] as const;

function casesOf({ alert, code, severity }: (typeof codes)[number]): readonly AlertCase[] {
  const open = (values: string, labels: Record<string, string> = {}) =>
    series("twilio_incidents_open", { code, severity, ...labels }, values);
  return [
    {
      alert,
      when: "the first incident opens",
      series: [open("0x4 1x10")],
      firesAt: "6m",
      firing: [{ labels: job, shown: "1" }],
    },
    {
      alert,
      when: "two processes tell of the same three incidents, of two severities",
      series: [
        open("0x4 2x10"),
        open("0x4 2x10", { instance: "b:9464" }),
        open("0x4 1x10", { severity: "critical" }),
        open("0x4 1x10", { severity: "critical", instance: "b:9464" }),
      ],
      firesAt: "6m",
      firing: [{ labels: job, shown: "3" }],
    },
    {
      alert,
      when: "no incident of the code is open, though of others",
      series: [open("0x20"), open("5x20", { code: "11200" })],
      silentAt: ["1m", "10m", "20m"],
    },
    {
      alert,
      when: "the incident was resolved five minutes ago",
      series: [open("1x4 0x20")],
      silentAt: ["10m", "15m"],
    },
  ];
}

export const diagnosedCodeCases: readonly AlertCase[] = [
  ...codes.flatMap(casesOf),
  {
    alert: "TwilioProxyIdentifierInUse",
    when: "scrapes fail after the incident opened",
    series: [series("twilio_incidents_open", { code: "80604", severity: "warning" }, "0x4 1 _x3 1x5")],
    firesAt: "6m",
    firing: [{ labels: job, shown: "1" }],
  },
];
