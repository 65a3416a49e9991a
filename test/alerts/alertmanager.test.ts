import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alertmanagerAvailable } from "../support/alertmanager.ts";
import { pingsIn } from "../support/receivers/slack-limits.ts";
import { until } from "../support/until.ts";
import { type ExampleAlertmanager, exampleFile, startExample } from "./example-alertmanager.ts";
import { alertRules, alertsFolder, installed, rendered, run } from "./promtool.ts";

const hasAmtool = installed("amtool", "prometheus-alertmanager");
const hasPromtool = installed("promtool", "prometheus");
const hasAlertmanager = alertmanagerAvailable();
const account = `AC${"a".repeat(32)}`;

type Labels = Readonly<Record<string, string>>;

/** Who is to hear of alerts with these labels. */
const routes: readonly [labels: Labels, receivers: string][] = [
  [{ alertname: "FaultlineDown", severity: "critical" }, "pagerduty,slack-faultline"],
  [{ alertname: "FaultlineQueueStalled", severity: "warning" }, "slack-faultline"],
  [{ alertname: "FaultlineCardinalityLimit", severity: "info" }, "slack-low-priority"],
  [{ alertname: "TwilioWebhooksDown", severity: "critical", product: "Webhooks" }, "pagerduty,slack-web"],
  [{ alertname: "TwilioWebhookFailures", severity: "warning", product: "Webhooks" }, "slack-web"],
  [{ alertname: "TwilioProxyUnknownScenario", severity: "warning", product: "Proxy" }, "slack-conversations"],
  [
    { alertname: "TwilioConversationBindingExists", severity: "warning", product: "Conversations" },
    "slack-conversations",
  ],
  [
    { alertname: "TwilioFrontlineConversationExists", severity: "warning", product: "Frontline" },
    "slack-conversations",
  ],
  [{ alertname: "TwilioErrorRateSurge", severity: "warning", product: "Messaging" }, "slack-twilio"],
  [{ alertname: "TwilioErrorRateSurge", severity: "warning", product: "Proxy" }, "slack-conversations"],
  [{ alertname: "TwilioNewErrorCode", severity: "info", code: "11200" }, "slack-low-priority"],
  [{ alertname: "TwilioIncident", severity: "error", product: "Proxy" }, "pagerduty,slack-conversations"],
  [{ alertname: "TwilioIncident", severity: "error", product: "Voice" }, "pagerduty,slack-twilio"],
  [{ alertname: "TwilioIncident", severity: "warning", product: "Voice" }, "slack-twilio"],
  [{ alertname: "SomethingElse" }, "slack-twilio"],
];

describe.skipIf(!hasAmtool)(`amtool${hasAmtool ? "" : " (prometheus-alertmanager is not installed)"}`, () => {
  test("takes the example and its template", async () => {
    const { exitCode, output } = await run("amtool", ["check-config", exampleFile]);
    expect(output).toContain("1 templates\n  SUCCESS");
    expect(exitCode, output).toBe(0);
  });

  test("takes the nights that are commented out", async () => {
    const folder = await mkdtemp(join(tmpdir(), "faultline-amtool-"));
    try {
      const text = await readFile(exampleFile, "utf8");
      const start = text.indexOf("# time_intervals:");
      const end = text.indexOf("\n\n", start);
      const withNights = (text.slice(0, start) + text.slice(start, end).replaceAll(/^# /gm, "") + text.slice(end))
        .replace("# mute_time_intervals: [nights]", "mute_time_intervals: [nights]")
        .replace("templates/*.tmpl", join(alertsFolder, "templates/*.tmpl"));
      await writeFile(join(folder, "alertmanager.yml"), withNights);
      const { exitCode, output } = await run("amtool", ["check-config", join(folder, "alertmanager.yml")]);
      expect(exitCode, output).toBe(0);
      expect(withNights).toContain("\ntime_intervals:\n  - name: nights\n");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  async function receiversOf(labels: Labels): Promise<string> {
    const words = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    const { output } = await run("amtool", ["config", "routes", "test", `--config.file=${exampleFile}`, ...words]);
    return output.replaceAll(/^Warning:.*$/gm, "").trim();
  }

  test.each(routes)("routes %o to %s", async (labels, receivers) => {
    expect(await receiversOf(labels)).toBe(receivers);
  });

  test.each(alertRules)("routes $alert by its severity", async ({ alert, labels }) => {
    const receivers = await receiversOf({ alertname: alert, ...labels });
    expect(receivers.startsWith("pagerduty,slack-")).toBe(labels.severity === "critical");
    expect(receivers === "slack-low-priority").toBe(labels.severity === "info");
  });
});

test.skipIf(!hasPromtool)(
  `promtool takes the example of Prometheus${hasPromtool ? "" : " (prometheus is not installed)"}`,
  async () => {
    const { exitCode, output } = await run("promtool", ["check", "config", join(alertsFolder, "prometheus.yml")]);
    expect(output).toContain("1 rule files found");
    expect(exitCode, output).toBe(0);
  },
);

describe.skipIf(!hasAlertmanager)(
  `a running Alertmanager${hasAlertmanager ? "" : " (prometheus-alertmanager is not installed)"}`,
  () => {
    let example: ExampleAlertmanager;

    beforeAll(async () => {
      example = await startExample();
    });
    afterAll(async () => {
      await example?.stop();
    });

    /** An alert as Prometheus sends it. */
    function alert(name: string, labels: Labels = {}, shown = "12") {
      const rule = alertRules.find((each) => each.alert === name);
      if (rule === undefined) throw new Error(`no alert ${name}`);
      const all = { job: "faultline", ...labels, ...rule.labels };
      const description = rendered(rule.annotations.description, all, shown);
      return { labels: { alertname: name, ...all }, annotations: { ...rule.annotations, description } };
    }

    async function post(alerts: readonly object[]): Promise<void> {
      const answer = await fetch(`${example.url}/api/v2/alerts`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(alerts),
      });
      expect(answer.status, await answer.text()).toBe(200);
    }

    /** Names of the alerts that Alertmanager keeps to itself because of another one, in this job. */
    async function inhibited(job: string): Promise<readonly string[]> {
      const answer = await fetch(`${example.url}/api/v2/alerts?filter=${encodeURIComponent(`job="${job}"`)}`);
      const alerts = (await answer.json()) as { labels: Labels; status: { inhibitedBy: string[] } }[];
      return alerts
        .filter(({ status }) => status.inhibitedBy.length > 0)
        .map(({ labels }) => labels.alertname ?? "")
        .toSorted();
    }

    test("pages, tells the team, and ends both", async () => {
      const labels = { account, product: "Webhooks", code: "11200" };
      const down = alert("TwilioWebhooksDown", labels);
      await post([down, alert("TwilioWebhookFailures", labels)]);
      const page = await until("a page", 15_000, () => example.pagerDuty.alerts[0] ?? null);
      expect(page.triggers[0]).toMatchObject({
        client: "Faultline",
        client_url: down.annotations.runbook_url,
        payload: {
          summary: "[CRITICAL] Your webhook endpoints keep failing Twilio. (11200)",
          severity: "critical",
          component: "Webhooks",
          class: "TwilioWebhooksDown",
          group: account,
          custom_details: { what: down.annotations.description, runbook: down.annotations.runbook_url },
        },
      });
      const message = await until("a message", 15_000, () => example.slack("#web")[0] ?? null);
      expect(message).toMatchObject({
        title: "[CRITICAL] Your webhook endpoints keep failing Twilio. (11200)",
        title_link: down.annotations.runbook_url,
        color: "danger",
        footer: `TwilioWebhooksDown · Webhooks · ${account}`,
      });
      expect(message.text).toContain(
        "at least 10 requests from Twilio to your endpoints have failed in every 5, now 12",
      );
      expect(message.text).toContain(`<${down.annotations.runbook_url}|Runbook>`);
      expect(message.text).toContain("/#/silences/new?filter=%7B");
      expect(message.text).not.toContain("|Dashboard>");
      expect(await inhibited("faultline")).toEqual(["TwilioWebhookFailures"]);
      expect(example.slack("#web").map(({ footer }) => footer)).toEqual([`TwilioWebhooksDown · Webhooks · ${account}`]);

      await post([{ ...down, endsAt: new Date(Date.now() - 1_000).toISOString() }]);
      await until("the end of the page", 15_000, () => page.state === "resolved");
      const later = (what: string) =>
        until(what, 15_000, () => example.slack("#web").find(({ title }) => title.startsWith(`[${what}]`)) ?? null);
      expect(await later("RESOLVED")).toMatchObject({
        title: "[RESOLVED] Your webhook endpoints keep failing Twilio. (11200)",
        color: "good",
      });
      // What it kept quiet is still so.
      expect((await later("WARNING")).footer).toBe(`TwilioWebhookFailures · Webhooks · ${account}`);
    });

    test("keeps quiet about everything that FaultlineDown explains, in the same job only", async () => {
      const jobs = (job: string) => [
        alert("FaultlineInstanceDown", { job, instance: "a:9464" }),
        alert("FaultlineQueueStalled", { job, queue: "diagnose" }),
        alert("TwilioProxyUnknownScenario", { job }),
        alert("TwilioErrorRateSurge", { job, account, product: "Proxy" }),
      ];
      await post([alert("FaultlineDown", { job: "east" }), ...jobs("east"), ...jobs("west")]);
      await until("the other job's alerts", 15_000, () => {
        const told = [...example.slack("#observability"), ...example.slack("#conversations")];
        return told.filter(({ title }) => !title.includes("No Faultline process")).length >= 4;
      });
      expect(await inhibited("east")).toEqual([
        "FaultlineInstanceDown",
        "FaultlineQueueStalled",
        "TwilioErrorRateSurge",
        "TwilioProxyUnknownScenario",
      ]);
      expect(await inhibited("west")).toEqual([]);
      const footers = [...example.slack("#observability"), ...example.slack("#conversations")].map(
        ({ footer }) => footer,
      );
      expect(footers.toSorted()).toEqual([
        "FaultlineDown",
        "FaultlineInstanceDown",
        "FaultlineQueueStalled",
        `TwilioErrorRateSurge · Proxy · ${account}`,
        "TwilioProxyUnknownScenario · Proxy",
      ]);
    });

    test("does not repeat an incident that Faultline sent itself, and calls nobody by what is in it", async () => {
      const incident = {
        labels: {
          alertname: "TwilioIncident",
          severity: "error",
          code: "50416",
          product: "Conversations",
          account,
          incident: "1",
        },
        annotations: {
          summary: "50416 A binding exists & <!channel> (Conversations)",
          description: "Cause, confirmed: <!here> an old binding & more",
          dashboard_url: "https://grafana.example.com/d/faultline-proxy-conversations",
        },
      };
      await post([incident, alert("TwilioConversationBindingExists", { job: "north" })]);
      const message = await until(
        "the incident",
        15_000,
        () => example.slack("#conversations").find(({ footer }) => footer.startsWith("TwilioIncident")) ?? null,
      );
      expect(message.title).toBe("[ERROR] 50416 A binding exists &amp; &lt;!channel&gt; (Conversations)");
      expect(message.text).toContain("Cause, confirmed: &lt;!here&gt; an old binding &amp; more");
      expect(message.text).toContain(`<${incident.annotations.dashboard_url}|Dashboard>`);
      expect(Object.values(message).flatMap(pingsIn)).toEqual([]);
      expect(await inhibited("north")).toEqual(["TwilioConversationBindingExists"]);
      const page = await until("a page", 15_000, () => example.pagerDuty.alerts.at(-1) ?? null);
      expect(page.triggers[0]).toMatchObject({ payload: { severity: "error" } });
    });
  },
);
