import { describe, expect, test } from "vitest";
import { embedded, postgresAndRedis } from "../support/backends.ts";
import { useFaultlines } from "../support/faultline.ts";
import { expectPatience, nothingPending, receiverLines, report, useSurroundings } from "../support/notices.ts";
import { startWebhook, type WebhookDouble, webhookSecret } from "../support/receivers/webhook.ts";
import { startRedis } from "../support/redis.ts";
import { errorEvent } from "../support/sign.ts";
import { until } from "../support/until.ts";

/*
 * Notices that are under way when the process or the queue dies.
 */

const surroundings = useSurroundings();
const faultlines = useFaultlines();

/** Code and transition of what a webhook took, in order. */
function told({ deliveries }: WebhookDouble): string[] {
  return deliveries.map(({ json }) => {
    const { type, data } = json as { type: string; data: { incident: { code: number } } };
    return `${data.incident.code} ${type}`;
  });
}

const webhookEnv = ({ url }: WebhookDouble) => ({ WEBHOOK_URL: url, WEBHOOK_SECRET: webhookSecret });

describe.for([embedded, postgresAndRedis])("kill -9 on $name", (kind) => {
  async function open(env: Readonly<Record<string, string>>) {
    const backend = await surroundings.open(kind);
    const all = { ...backend.env, ...env };
    return { faultline: await faultlines.start(all), again: () => faultlines.start(all) };
  }

  test.skipIf(!kind.available)("right after the event was acknowledged: its notice goes out, once", async () => {
    const webhook = await surroundings.started(startWebhook());
    const { faultline, again } = await open(webhookEnv(webhook));
    await report(faultline, [errorEvent({ code: 99_123 }, 23)]);
    await faultline.kill9();
    expect(webhook.deliveries).toEqual([]);
    const next = await again();
    const restartedAt = Date.now();
    await until("the notice", 60_000, () => webhook.deliveries.length > 0);
    expect(Date.now() - restartedAt).toBeLessThan(60_000);
    await until("the queue to be empty", 10_000, () => nothingPending(next));
    expect(told(webhook)).toEqual(["99123 incident.opened"]);
    expect(webhook.received).toHaveLength(1);
    await next.stop();
  });

  test.skipIf(!kind.available)(
    "Keep #6531: while a notice is under way it goes out within 60 s of the restart, at most once more, and others do not wait for it",
    async () => {
      const webhook = await surroundings.started(startWebhook());
      const { faultline, again } = await open(webhookEnv(webhook));
      // It takes the notice, and the process dies before it hears so.
      webhook.faults.add({ delayMs: 3_000, applied: true, times: 1 });
      await report(faultline, [errorEvent({ code: 99_123 }, 23)]);
      await until("the notice to be under way", 20_000, () => webhook.received.length === 1);
      await faultline.kill9();
      const next = await again();
      const restartedAt = Date.now();
      await report(next, [errorEvent({ code: 99_124 }, 24)]);
      await until("the other's notice", 25_000, () => told(webhook).includes("99124 incident.opened"));
      await until("the notice again", 60_000, () => webhook.received.length === 3);
      expect(Date.now() - restartedAt).toBeLessThan(60_000);
      await until("the queue to be empty", 10_000, () => nothingPending(next));
      expect(webhook.received).toHaveLength(3);
      const ids = webhook.received.map(({ headers }) => headers["webhook-id"]);
      // The same id both times, by which the receiver knows the duplicate.
      expect(new Set(ids).size).toBe(2);
      await next.stop();
    },
  );

  test.skipIf(!kind.available)("after a notice was delivered: it is not sent again", async () => {
    const webhook = await surroundings.started(startWebhook());
    const { faultline, again } = await open({ ...webhookEnv(webhook), INCIDENT_QUIET_PERIOD: "20s" });
    await report(faultline, [errorEvent({ code: 99_123 }, 23)]);
    await until(
      "the notice to be noted",
      20_000,
      async () => webhook.deliveries.length === 1 && nothingPending(faultline),
    );
    await faultline.kill9();
    const next = await again();
    await until("the end of the incident", 60_000, () => webhook.deliveries.length === 2);
    expect(told(webhook)).toEqual(["99123 incident.opened", "99123 incident.resolved"]);
    expect(webhook.received).toHaveLength(2);
    await next.stop();
  });

  test.skipIf(!kind.available)(
    "while notices wait out a 429: the wait is kept, and the last state arrives",
    async () => {
      const webhook = await surroundings.started(startWebhook());
      const { faultline, again } = await open({ ...webhookEnv(webhook), INCIDENT_QUIET_PERIOD: "15s" });
      webhook.faults.add({ status: 429, retryAfter: 15, times: 1 });
      await report(faultline, [errorEvent({ code: 99_123 }, 23)]);
      await until("the refusal", 20_000, () => webhook.received.length === 1);
      await until("the refusal to be noted", 15_000, async () =>
        (await receiverLines(faultline)).some(({ lastFailureReason }) => lastFailureReason === "rateLimited"),
      );
      await faultline.kill9();
      const next = await again();
      await until("the last state", 60_000, () => told(webhook).includes("99123 incident.resolved"));
      expectPatience(webhook.received, 15_000);
      expect(told(webhook).at(-1)).toBe("99123 incident.resolved");
      await next.stop();
    },
  );
});

test.skipIf(!postgresAndRedis.available)(
  "Keep #4155: Redis away under load costs no event and no notice, and pages nobody twice",
  async () => {
    const backend = await surroundings.open(postgresAndRedis);
    const { redis } = backend;
    if (redis === null) throw new Error("expected a Redis");
    const everyone = await surroundings.everyone();
    const { pagerduty, webhook } = everyone;
    const faultline = await faultlines.start({ ...backend.env, ...everyone.env });
    await report(faultline, [errorEvent({ code: 99_101 }, 1)]);
    await redis.stop();
    for (const code of [99_102, 99_103, 99_104]) await report(faultline, [errorEvent({ code }, code)]);
    await surroundings.started(startRedis({ port: redis.port }));
    await until("every page", 90_000, () => pagerduty.alerts.length === 4);
    await until("every delivery", 30_000, () => webhook.deliveries.length === 4);
    await until("the queue to be empty", 30_000, () => nothingPending(faultline));
    expect(pagerduty.received).toHaveLength(4);
    expect(webhook.received).toHaveLength(4);
    await faultline.stop();
  },
);
