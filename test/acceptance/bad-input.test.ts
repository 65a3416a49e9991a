import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type Backend, embedded, postgresAndRedis } from "../support/backends.ts";
import { deliver, rawExchange, statusOf, webhookParcel } from "../support/deliver.ts";
import { type Faultline, useFaultlines } from "../support/faultline.ts";
import { growth } from "../support/operate-client.ts";
import { errorEvent } from "../support/sign.ts";
import { allHashes, allText, filesUnder } from "../support/stored-text.ts";
import { until } from "../support/until.ts";
import { batches } from "./bad-input/batches.ts";
import { bodies } from "./bad-input/bodies.ts";
import { forms } from "./bad-input/forms.ts";
import { requests } from "./bad-input/requests.ts";
import { type BadInput, otherAccount, privateThings } from "./bad-input/row.ts";
import { signatures } from "./bad-input/signatures.ts";

const counters = ["faultline_deliveries_total", "faultline_event_outcomes_total", "twilio_debugger_events_total"];
const faultlines = useFaultlines();
let backend: Backend | null = null;

afterEach(async () => {
  await backend?.dispose();
  backend = null;
});

describe.for([embedded, postgresAndRedis])("bad input, $name", (kind) => {
  test.skipIf(!kind.available)(
    "meets its status and its one count; none crashes, none is kept unredacted",
    async () => {
      backend = await kind.open();
      const faultline = await start(backend);
      for (const input of [...signatures, ...bodies, ...forms, ...batches, ...requests])
        await expectMet(faultline, input);

      // By itself: it is counted after ten seconds, which must not fall into the time of another.
      const slowHeaders = await rawExchange(
        faultline.publicPort,
        "POST /twilio/debugger HTTP/1.1\r\nHost: x\r\nX-A: ",
        "keep open",
        20_000,
      );
      expect(statusOf(slowHeaders), "headers that never end").toBe(408);
      expect(faultline.alive).toBe(true);
      const after = await deliver(faultline.publicPort, webhookParcel(errorEvent({ code: 50416 }, 0xaf7e4)));
      expect(after.status, "a good delivery afterwards").toBe(204);
      expect(
        faultline.logs().filter(({ level }) => level === "error" || level === "fatal"),
        "errors in the log",
      ).toEqual([]);

      const events = await faultline.events();
      expect(new Set(events.map(({ account }) => account)), "accounts of events").toEqual(
        new Set([`AC${"a".repeat(32)}`, `AC${"e".repeat(32)}`]),
      );
      const kept = [JSON.stringify([events, await faultline.quarantine(), await faultline.incidents()])];
      kept.push(await (await faultline.get("/metrics")).text(), faultline.output());
      if (backend.databaseUrl !== null) kept.push(await allText(backend.databaseUrl));
      if (backend.redis !== null) kept.push(await allHashes(backend.redis.url));
      await faultline.stop();
      if (backend.databaseUrl === null) kept.push(...filesUnder(backend.env.DATA_DIR ?? ""));
      for (const secret of privateThings) {
        expect(
          kept.filter((text) => text.includes(secret)).map((text) => around(text, secret)),
          `kept: ${secret}`,
        ).toEqual([]);
      }
      // The search can find something at all.
      expect(kept.some((text) => text.includes("80604") && text.includes("KC000000"))).toBe(true);
    },
  );
});

async function start(on: Backend): Promise<Faultline> {
  const config = join(faultlines.folder(), "faultline.yaml");
  writeFileSync(config, `accounts:\n  - { sid: ${otherAccount.sid}, tokens: ["${otherAccount.token}"] }\n`);
  const env = { FAULTLINE_CONFIG: config, REQUEST_TIMEOUT: "1s", RATE_LIMIT_REFUSED: "1000000/s" };
  return await faultlines.start({ ...on.env, ...env });
}

async function expectMet(faultline: Faultline, input: BadInput): Promise<void> {
  const before = await faultline.samples();
  const status = await send(faultline.publicPort, input);
  const grownSo = async () => {
    const grown = growth(before, await faultline.samples(), counters);
    const events = Object.entries(grown).filter(([series]) => series.startsWith("twilio_debugger_events_total"));
    const rest = Object.entries(grown).filter(([series]) => !series.startsWith("twilio_debugger_events_total"));
    return { ...Object.fromEntries(rest), events: events.reduce((sum, [, by]) => sum + by, 0) };
  };
  // A delivery whose sender has gone is counted a moment later.
  const aborted = input.counted.reason === "aborted";
  const grown = aborted
    ? await until(`${input.what} to be counted`, 15_000, async () => {
        const so = await grownSo();
        return Object.keys(so).length > 1 ? so : null;
      })
    : await grownSo();
  expect({ status: aborted && status === 0 ? input.status : status, grown }, input.what).toEqual({
    status: input.status,
    grown: expectedGrowth(input),
  });
}

function expectedGrowth({ counted, recorded = 0, quarantined = 0 }: BadInput): Record<string, number> {
  const { source, reason } = counted;
  const outcome = reason === "none" ? "accepted" : "rejected";
  const fates = Object.entries({ quarantined, recorded }).filter(([, count]) => count > 0);
  return {
    [`faultline_deliveries_total{outcome="${outcome}",reason="${reason}",source="${source}"}`]: 1,
    ...Object.fromEntries(
      fates.map(([fate, count]) => [`faultline_event_outcomes_total{outcome="${fate}",source="${source}"}`, count]),
    ),
    events: recorded,
  };
}

async function send(port: number, { send: what, status }: BadInput): Promise<number> {
  if ("bytes" in what) return statusOf(await rawExchange(port, what.bytes, what.afterwards));
  const reply = await deliver(port, what);
  if (status === 405) expect(reply.headers.allow).toBe("POST");
  expect(reply.body, "an answer tells nothing").toBe("");
  return reply.status;
}

function around(text: string, found: string): string {
  const at = text.indexOf(found);
  return text.slice(Math.max(0, at - 200), at + 100);
}
