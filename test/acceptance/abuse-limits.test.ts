import { expect, test } from "vitest";
import { courier, deliver, formParcel, type Parcel, streamParcel, webhookParcel } from "../support/deliver.ts";
import { account, publicUrl, useFaultlines } from "../support/faultline.ts";
import { debuggerForm, errorEvent } from "../support/sign.ts";

/*
 * Limits with 429: strangers are limited always, what Twilio has signed only where somebody configured it.
 */

const faultlines = useFaultlines();
let made = 0;

function good(): Parcel {
  made += 1;
  return webhookParcel(errorEvent({ code: 80604 }, made));
}

function unsigned(): Parcel {
  const { headers, ...rest } = good();
  return { ...rest, headers: { "content-type": headers["content-type"] ?? "" } };
}

function wronglySigned(): Parcel {
  return formParcel("/twilio/debugger", debuggerForm(errorEvent({ code: 80604 })), {
    token: "not-the-token",
    publicUrl,
  });
}

const from = (address: string, parcel: Parcel): Parcel => ({
  ...parcel,
  headers: { ...parcel.headers, "x-forwarded-for": `203.0.113.250, ${address}` },
});

/** The statuses of parcels sent one after the other. */
async function statuses(port: number, parcels: readonly Parcel[]): Promise<number[]> {
  const sender = courier(port, 1);
  const all: number[] = [];
  for (const parcel of parcels) {
    const { status, headers, body } = await sender.send(parcel);
    all.push(status);
    expect(body).toBe("");
    expect(headers["retry-after"] === undefined).toBe(status !== 429);
  }
  sender.close();
  return all;
}

test("a flood of refused deliveries is answered 429, and what is signed right comes through it", async () => {
  const faultline = await faultlines.start({ RATE_LIMIT_REFUSED: "3/h" });
  const port = faultline.publicPort;
  expect(await statuses(port, [unsigned(), wronglySigned(), unsigned()])).toEqual([401, 403, 401]);
  expect(await statuses(port, [unsigned(), wronglySigned(), good(), unsigned(), good()])).toEqual([
    429, 429, 204, 429, 204,
  ]);
  // At once and from everywhere on this machine.
  const flood = courier(port, 20);
  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, nth) =>
      flood.send(nth % 10 === 0 ? good() : nth % 2 === 0 ? unsigned() : wronglySigned()),
    ),
  );
  flood.close();
  expect(answers.filter(({ status }) => status === 204)).toHaveLength(50);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(450);

  const refused = (reason: string) => faultline.metric("faultline_deliveries_total", { reason });
  expect([await refused("no_signature"), await refused("wrong_signature"), await refused("rate_limited")]).toEqual([
    2, 1, 453,
  ]);
  expect(await faultline.metric("faultline_deliveries_total", { outcome: "accepted" })).toBe(52);
  expect(await faultline.events()).toHaveLength(52);
  await faultline.stop();
  // Once a minute, and nobody by his address.
  const said = faultline.logs().filter(({ msg }) => String(msg).includes("429"));
  expect(said).toMatchObject([{ level: "warn", times: 1 }]);
  expect(JSON.stringify(said)).not.toMatch(/127\.0\.0\.1|::1/);
});

test("behind a trusted proxy each sender has a limit of its own; without one everybody is the proxy", async () => {
  const env = { RATE_LIMIT_REFUSED: "1/h" };
  const trusting = await faultlines.start({ ...env, TRUSTED_PROXIES: "127.0.0.0/8" });
  const senders = ["198.51.100.1", "198.51.100.2", "198.51.100.1", "198.51.100.2"];
  expect(
    await statuses(
      trusting.publicPort,
      senders.map((sender) => from(sender, unsigned())),
    ),
  ).toEqual([401, 401, 429, 429]);
  expect(await statuses(trusting.publicPort, [from("198.51.100.1", good())])).toEqual([204]);
  await trusting.stop();
  const other = await faultlines.start(env);
  expect(
    await statuses(
      other.publicPort,
      senders.map((sender) => from(sender, unsigned())),
    ),
  ).toEqual([401, 429, 429, 429]);
  await other.stop();
});

test("where it is configured signed ones are limited, by address: strangers use none of it up", async () => {
  const faultline = await faultlines.start({ RATE_LIMIT_PER_ADDRESS: "2/h" });
  const port = faultline.publicPort;
  await statuses(port, Array.from({ length: 10 }, wronglySigned));
  const answers = await Promise.all([good(), good(), good()].map((parcel) => deliver(port, parcel)));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 204, 429]);
  const wait = Number(answers.find(({ status }) => status === 429)?.headers["retry-after"]);
  expect(wait).toBeGreaterThan(1_700);
  expect(wait).toBeLessThanOrEqual(1_800);
  expect(await faultline.events(), "nothing is kept of what Event Streams will send again").toHaveLength(2);
  expect(await faultline.metric("faultline_deliveries_total", { reason: "rate_limited" })).toBe(1);
  await faultline.stop();
});

test("and by account, also of those in a batch", async () => {
  const [a, b] = [account.sid, `AC${"b".repeat(32)}`];
  const faultline = await faultlines.start({ RATE_LIMIT_PER_ACCOUNT: "2/h" });
  const event = (of: string) => {
    made += 1;
    return errorEvent({ code: 80604, account: of, parentAccount: of === a ? "" : a }, made);
  };
  const sent = [
    webhookParcel(event(a)),
    streamParcel([event(a), event(a), event(b)]),
    webhookParcel(event(a)),
    streamParcel([event(b), event(a)]),
    webhookParcel(event(b)),
    webhookParcel(event(b)),
  ];
  expect(await statuses(faultline.publicPort, sent)).toEqual([204, 204, 429, 429, 204, 429]);
  const events = await faultline.events();
  expect(events.map((each) => each.account).toSorted()).toEqual([a, a, a, b, b]);
  await faultline.stop();
});
