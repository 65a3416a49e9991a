import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { type Backend, embedded, postgresAndRedis } from "../support/backends.ts";
import { expectExactBooks } from "../support/books.ts";
import { useFaultlines } from "../support/faultline.ts";
import { seededRandom } from "../support/random.ts";
import { streamOfDeliveries } from "../support/stream-of-deliveries.ts";

/*
 * The promise behind every 204: the event is on record, whatever happens to the process next.
 */

const kills = 10;
const faultlines = useFaultlines();
let backend: Backend | null = null;

afterEach(async () => {
  await backend?.dispose();
  backend = null;
});

describe.for([embedded, postgresAndRedis])("kill -9, $name", (kind) => {
  test.skipIf(!kind.available)(
    `after ${kills} kills in the middle of deliveries every acknowledged event is there exactly once`,
    async () => {
      const seed = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000);
      console.log(`kill -9, ${kind.name}: KILL_SEED=${seed}`);
      const random = seededRandom(seed);
      backend = await kind.open();
      const stream = streamOfDeliveries(random);

      for (let round = 1; round <= kills; round++) {
        const faultline = await faultlines.start(backend.env);
        const wanted = 1 + Math.floor(random() * 120);
        const unansweredBefore = stream.unanswered;
        let reached: () => void = () => undefined;
        const enough = new Promise<void>((resolve) => {
          reached = resolve;
        });
        const sending = stream.run(faultline.publicPort, (deliveries) => {
          if (deliveries === wanted) reached();
        });
        // Sending ends by itself only when something broke before we broke it.
        await Promise.race([enough, sending]);
        await wait(random() * 25);
        expect(faultline.alive, `round ${round}: the process before it is killed`).toBe(true);
        await faultline.kill9();
        await sending;
        expect(stream.unanswered, `round ${round}: deliveries cut off by the kill`).toBeGreaterThan(unansweredBefore);
      }
      expect(Object.fromEntries(stream.otherAnswers), "answers other than 204").toEqual({});

      const last = await faultlines.start(backend.env);
      await stream.retryAll(last.publicPort);
      const { events } = await expectExactBooks(last, stream);
      expect(events).toBeGreaterThanOrEqual(stream.acknowledged.size);
      console.log(`kill -9, ${kind.name}: ${stream.acknowledged.size} acknowledged, ${events} on record`);
      await last.stop();
    },
  );
});
