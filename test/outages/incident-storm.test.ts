import { describe, expect, test } from "vitest";
import { embedded, postgresAndRedis } from "../support/backends.ts";
import { courier, streamParcel } from "../support/deliver.ts";
import { useFaultlines } from "../support/faultline.ts";
import { nothingPending, useSurroundings } from "../support/notices.ts";
import { errorEvent } from "../support/sign.ts";
import { patternedSid } from "../support/simulated-twilio/world.ts";
import { until } from "../support/until.ts";

/*
 * Too much at once.
 */

const surroundings = useSurroundings();
const faultlines = useFaultlines();

describe.for([embedded, postgresAndRedis])("200 different incidents in a minute on $name", (kind) => {
  test.skipIf(!kind.available)(
    "come as ten messages and digests, no rate is exceeded, everything is delivered, Alertmanager has each",
    async () => {
      const backend = await surroundings.open(kind);
      const everyone = await surroundings.everyone();
      const { slack, pagerduty, alertmanager, webhook } = everyone;
      const faultline = await faultlines.start({ ...backend.env, ...everyone.env });
      const sender = courier(faultline.publicPort, 4);
      for (let batch = 0; batch < 20; batch += 1) {
        const events = Array.from({ length: 10 }, (_, index) => {
          const count = batch * 10 + index + 1;
          return errorEvent({ code: 99_100 + (count % 3), service: patternedSid("KS", count) }, count);
        });
        expect((await sender.send(streamParcel(events))).status).toBe(204);
      }
      sender.close();
      await until("200 incidents", 10_000, async () => (await faultline.incidents()).length === 200);
      const totals = () =>
        webhook.deliveries.flatMap(({ json }) => {
          const { type, data } = json as { type: string; data: { digest: { total: number } } };
          return type === "incidents.digest" ? [data.digest.total] : [];
        });
      await until("everything to be told", 100_000, async () => {
        const inDigests = totals().reduce((sum, total) => sum + total, 0);
        const alone = webhook.deliveries.length - totals().length;
        return inDigests + alone === 200 && alertmanager.alerts.length >= 200 && (await nothingPending(faultline));
      });
      expect(totals().length).toBeGreaterThan(0);
      for (const { received } of [slack, pagerduty, webhook]) {
        expect(received.length).toBeLessThanOrEqual(20);
        expect(received.filter(({ status }) => status === 429)).toEqual([]);
      }
      expect(new Set(alertmanager.alerts.map(({ labels }) => labels.incident)).size).toBe(200);
      expect(await faultline.metric("faultline_notices_total", { outcome: "given_up" })).toBe(0);
      expect(slack.messages().some(({ text }) => /\b1\d\d\b/.test(text))).toBe(true);
      await faultline.stop();
    },
  );
});
