import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AlertmanagerNotifier, createAlertmanager } from "../../src/notify/alertmanager.ts";
import { incidentNotice } from "../notify/notices.ts";
import { alertmanagerAvailable, type RunningAlertmanager, startAlertmanager } from "../support/alertmanager.ts";
import { type ReceiverDouble, startReceiver } from "../support/receivers/server.ts";
import { until } from "../support/until.ts";

/** What Alertmanager posts to a webhook receiver: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
interface Group {
  readonly version: string;
  readonly status: "firing" | "resolved";
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly alerts: readonly {
    readonly status: "firing" | "resolved";
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly startsAt: string;
    readonly endsAt: string;
  }[];
}

const isInstalled = alertmanagerAvailable();
const clock = { now: () => new Date() };
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

describe.skipIf(!isInstalled)(
  `a real Alertmanager${isInstalled ? "" : " (prometheus-alertmanager is not installed)"}`,
  () => {
    let receiver: ReceiverDouble;
    let alertmanager: RunningAlertmanager;
    let notifier: AlertmanagerNotifier;

    beforeAll(async () => {
      receiver = await startReceiver(() => ({ status: 200 }));
      alertmanager = await startAlertmanager({ webhookUrl: receiver.url, groupBy: ["product"] });
      notifier = createAlertmanager({ name: "alertmanager", urls: [alertmanager.url], clock });
    });
    afterAll(async () => {
      await alertmanager?.stop();
      await receiver?.stop();
    });

    const firstSeen = minutesAgo(10);

    function opened(id: string, product: string) {
      return incidentNotice({ at: firstSeen, incident: { id, product, firstSeen, lastSeen: firstSeen } });
    }

    function resolved(id: string, product: string) {
      const at = minutesAgo(1);
      const incident = { id, product, firstSeen, lastSeen: firstSeen, state: "resolved", resolvedAt: at } as const;
      return incidentNotice({ transition: "resolved", reason: "resolved", at, incident });
    }

    function groups(product: string): Group[] {
      return receiver.received
        .map(({ json }) => json as Group)
        .filter(({ groupLabels }) => groupLabels.product === product);
    }

    /** The last state of each incident as the webhook was told. */
    function states(product: string): Record<string, string> {
      const alerts = groups(product).flatMap((group) => group.alerts);
      return Object.fromEntries(alerts.map(({ labels, status }) => [labels.incident ?? "", status]));
    }

    test("takes incidents, sends them on as one group, and ends them", async () => {
      expect(await notifier.send(opened("incident-1", "Proxy"), null)).toEqual({ ok: true, reference: null });
      expect(await notifier.send(opened("incident-2", "Proxy"), null)).toEqual({ ok: true, reference: null });
      await until("both incidents at the webhook", 15_000, () => Object.keys(states("Proxy")).length === 2);
      const told = groups("Proxy").at(-1);
      expect(told).toMatchObject({ version: "4", status: "firing", groupLabels: { alertname: "TwilioIncident" } });
      expect(told?.alerts.map(({ labels }) => labels.incident).toSorted()).toEqual(["incident-1", "incident-2"]);
      expect(told?.alerts[0]).toMatchObject({
        labels: { code: "80604", severity: "error", product: "Proxy" },
        annotations: {
          summary: expect.stringContaining("80604"),
          description: expect.stringContaining("Another open Session holds the identifier"),
          runbook_url: "https://faultline.example.com/docs/codes/80604",
        },
      });

      await notifier.send(resolved("incident-1", "Proxy"), null);
      await until("the end of the first", 15_000, () => states("Proxy")["incident-1"] === "resolved");
      expect(states("Proxy")["incident-2"]).toBe("firing");
      await notifier.send(resolved("incident-2", "Proxy"), null);
      await until("the end of the group", 15_000, () => groups("Proxy").at(-1)?.status === "resolved");
      expect(states("Proxy")).toEqual({ "incident-1": "resolved", "incident-2": "resolved" });
    });

    test("the same incident again is no second alert, and its end may be sent again", async () => {
      for (let times = 0; times < 3; times += 1) await notifier.send(opened("incident-3", "Voice"), null);
      await until("the incident at the webhook", 15_000, () => states("Voice")["incident-3"] === "firing");
      for (let times = 0; times < 3; times += 1) await notifier.send(resolved("incident-3", "Voice"), null);
      await until("its end", 15_000, () => states("Voice")["incident-3"] === "resolved");
      expect(groups("Voice").map(({ status, alerts }) => [status, alerts.length])).toEqual([
        ["firing", 1],
        ["resolved", 1],
      ]);
    });

    test("takes a test notice and marks it", async () => {
      const at = clock.now().toISOString();
      const notice = incidentNotice({ test: true, at, incident: { id: "test", product: "Test", firstSeen: at } });
      expect(await notifier.send(notice, null)).toEqual({ ok: true, reference: null });
      await until("the test at the webhook", 15_000, () => groups("Test").length > 0);
      expect(groups("Test")[0]?.alerts).toMatchObject([
        { labels: { test: "true", severity: "info" }, annotations: { summary: expect.stringContaining("[TEST]") } },
      ]);
    });

    test("an alert it refuses is given up", async () => {
      // It ends before it begins, which only a broken clock could bring about.
      const at = new Date(Date.parse(firstSeen) - 60_000).toISOString();
      const incident = { id: "incident-4", firstSeen, state: "resolved", resolvedAt: at } as const;
      const broken = incidentNotice({ transition: "resolved", reason: "resolved", at, incident });
      expect(await notifier.send(broken, null)).toEqual({ ok: false, reason: "clientError", retry: false });
      expect(notifier.peers()).toEqual([{ host: new URL(alertmanager.url).host, failure: "clientError" }]);
    });
  },
);
