import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { privateIn } from "../../scripts/fuzz/canaries.ts";
import { dice } from "../../scripts/fuzz/dice.ts";
import { paramsOf } from "../../scripts/fuzz/signature.ts";
import { targets } from "../../scripts/fuzz/targets.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { redactPayload } from "../../src/core/redact.ts";
import { courier, deliver, formParcel, jsonParcel, type Parcel } from "../support/deliver.ts";
import { account, baseEnvironment, publicUrl, useFaultlines } from "../support/faultline.ts";
import { debuggerForm, errorEvent, signForm, streamEvent } from "../support/sign.ts";
import { filesUnder } from "../support/stored-text.ts";
import { until } from "../support/until.ts";
import { nasty } from "./nasty.ts";

const faultlines = useFaultlines();
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 1e9));
/** What a terminal obeys or reads the wrong way round; line breaks separate lines. */
const unprintable = /(?!\n)[\p{Cc}\p{Bidi_Control}]/u;

function payloadOf(text: string): JsonObject {
  return {
    resource_sid: text,
    service_sid: text,
    error_code: "80604",
    more_info: { Msg: text, LogLevel: text, [text]: text },
    webhook: {
      type: text,
      request: {
        url: `https://app.example.com/${text}`,
        method: text,
        headers: { [text]: text },
        parameters: { x: text },
      },
      response: { status_code: 500, headers: { [text]: [text] }, body: text },
    },
    [text]: { [text]: [text, text] },
  };
}

/** The same by webhook and by stream have sids of their own. */
const sidOf = (source: "debugger" | "stream", index: number): string =>
  errorEvent({ code: 80604 }, (source === "debugger" ? 0x20_0000 : 0x30_0000) + index).sid;

/** An event by each way in, nasty in every field it has. */
function deliveries(text: string, index: number): Parcel[] {
  const event = errorEvent({ code: 80604, message: text, sid: sidOf("debugger", index) });
  const payload = JSON.stringify(payloadOf(text));
  const streamed = streamEvent({ ...event, sid: sidOf("stream", index) });
  const data = {
    ...Object(streamed.data),
    payload,
    level: text,
    product_name: text,
    service_sid: text,
    correlation_sid: text,
  };
  const alarm = {
    AccountSid: account.sid,
    ErrorCode: "80604",
    Description: text,
    Log: text,
    DateFired: text,
    [text]: text,
  };
  return [
    formParcel("/twilio/debugger", {
      ...debuggerForm(event),
      Payload: payload,
      Level: text,
      Timestamp: text,
      [text]: text,
    }),
    jsonParcel("/twilio/events", JSON.stringify([{ ...streamed, data, subject: text, [text]: text }])),
    formParcel("/twilio/alarms", alarm),
    // Not understood: kept as it is, redacted.
    jsonParcel("/twilio/events", JSON.stringify([{ ...streamed, data: { ...data, error_code: text } }])),
    jsonParcel("/twilio/events", `${text} {`),
  ];
}

describe("nasty texts in every field of an event", () => {
  test("are stored and read back as they came, redacted, and shown so that no terminal obeys them", async () => {
    // A receiver that is nowhere: with one there are silences.
    const faultline = await faultlines.start({ ALERTMANAGER_URL: "http://127.0.0.1:9" });
    for (const [index, text] of nasty.entries()) {
      for (const parcel of deliveries(text, index)) {
        expect((await deliver(faultline.publicPort, parcel)).status, JSON.stringify(text)).toBe(204);
      }
    }
    const events = await faultline.events();
    for (const [index, text] of nasty.entries()) {
      const kept = redactPayload(payloadOf(text));
      const payloads = (["debugger", "stream"] as const).map(
        (source) => events.find(({ sid }) => sid === sidOf(source, index))?.payload,
      );
      expect(payloads, JSON.stringify(text)).toEqual([kept, { ...kept, request_sid: expect.stringMatching(/^RQ/) }]);
    }
    // Of each text three events; two that were not understood, some of them the same text once it is redacted.
    expect(events).toHaveLength(3 * nasty.length);
    expect((await faultline.quarantine()).length).toBeGreaterThan(nasty.length);

    const [incident] = await faultline.incidents();
    const silence = await fetch(`${faultline.adminUrl}/api/v1/silences`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        matchers: [{ name: "title", value: nasty[0] }],
        comment: nasty.join(" ").slice(0, 900).toWellFormed(),
        createdBy: nasty[16],
        endsAt: new Date(Date.now() + 3_600_000).toISOString(),
      }),
    });
    expect([silence.status, await silence.clone().text()]).toEqual([201, expect.stringContaining("comment")]);
    const url = ["--url", faultline.adminUrl];
    for (const args of [
      ["route", incident?.id ?? "", ...url],
      ["route", `title=${nasty[16]}`, ...url],
      ["route", nasty[16] ?? "", ...url],
      ["silence", "list", ...url],
      ["silence", "expire", nasty[16] ?? "", ...url],
      ["silence", "add", `title=${nasty[16]}`, "--for", nasty[16] ?? "", "--comment", "x", ...url],
      ["explain", nasty[16] ?? ""],
      ["replay", nasty[16] ?? "", ...url],
      [nasty[16] ?? ""],
    ]) {
      const { stdout, stderr, exitCode } = await faultlines.run(args, baseEnvironment(faultlines.folder()));
      expect(stdout + stderr, args.join(" ")).not.toMatch(unprintable);
      expect(stdout + stderr, args.join(" ")).not.toBe("");
      expect(exitCode, args.join(" ")).not.toBeNull();
    }
    expect(faultline.output(), "the log").not.toMatch(unprintable);
    expect(existsSync(join(process.cwd(), "pwned"))).toBe(false);
    await faultline.stop();
  });

  test("in every parameter of the API are an answer of 4xx or nothing found, and change nothing", async () => {
    const faultline = await faultlines.start();
    const { publicPort: port } = faultline;
    expect(
      (await deliver(port, formParcel("/twilio/debugger", debuggerForm(errorEvent({ code: 80604 }, 1))))).status,
    ).toBe(204);
    const before = JSON.stringify([await faultline.events(), await faultline.incidents()]);
    const met: string[] = [];
    for (const text of [...nasty, "0", "-1", "1e9", "9".repeat(40), "\0", "inc_' or '1'='1"]) {
      const value = encodeURIComponent(text.toWellFormed());
      for (const path of [
        `events?incident=${value}`,
        `events?code=${value}`,
        `events?cursor=${value}`,
        `events?limit=${value}`,
        `events?${value}=${value}`,
        `incidents/${value}`,
        `incidents?state=${value}`,
        `incidents?cursor=${value}`,
        `quarantine?cursor=${value}`,
        `codes/${value}`,
        `silences?ended=${value}`,
        `routing?title=${value}&account=${value}`,
      ]) {
        const response = await faultline.get(`/api/v1/${path}`);
        const body = await response.text();
        if (response.status >= 500 || /syntax error|at .*\.ts:\d+|invalid input syntax/i.test(body)) {
          met.push(`${response.status} ${path}: ${body.slice(0, 200)}`);
        }
      }
    }
    expect(met).toEqual([]);
    expect(JSON.stringify([await faultline.events(), await faultline.incidents()])).toBe(before);
    await faultline.stop();
  });
});

describe(`fuzzed deliveries, signed (FUZZ_SEED=${seed})`, () => {
  test("are answered without a 5xx, counted, and nothing private of them is kept", async () => {
    const dataDir = join(faultlines.folder(), "data");
    const faultline = await faultlines.start({ DATA_DIR: dataDir, RATE_LIMIT_REFUSED: "1000000/s" });
    const throws = dice(seed);
    const ways = targets.flatMap((target) => {
      const parcel = parcels[target.name];
      return parcel === undefined ? [] : [{ target, parcel }];
    });
    const sender = courier(faultline.publicPort, 8);
    const met = new Map<number, number>();
    const bad: string[] = [];
    const one = async () => {
      const { target, parcel } = throws.pick(ways);
      const { input } = target.make(throws);
      const { status } = await sender.send(parcel(input));
      met.set(status, (met.get(status) ?? 0) + 1);
      if (status >= 500) bad.push(`${status} ${target.name} ${input.toString("base64")}`);
    };
    for (let sent = 0; sent < 1_600; sent += 8) await Promise.all(Array.from({ length: 8 }, one));
    sender.close();
    expect(bad).toEqual([]);
    expect(met.get(204) ?? 0).toBeGreaterThan(800);
    expect([...met.keys()].filter((status) => ![204, 403, 413].includes(status))).toEqual([]);
    await until("every delivery to be counted", 15_000, async () => {
      return (await faultline.metric("faultline_deliveries_total")) === 1_600;
    });
    expect(faultline.logs().filter(({ level }) => level === "error" || level === "fatal")).toEqual([]);
    const shown = JSON.stringify([await faultline.events(), await faultline.quarantine(), await faultline.incidents()]);
    const metrics = await (await faultline.get("/metrics")).text();
    await faultline.stop();
    for (const kept of [shown, metrics, faultline.output(), ...filesUnder(dataDir)]) expect(privateIn(kept)).toBeNull();
  });
});

const parcels: Readonly<Record<string, (body: Buffer) => Parcel>> = {
  debugger: (body) => signedBytes("/twilio/debugger", body),
  "alarm form": (body) => signedBytes("/twilio/alarms", body),
  "alarm JSON": (body) => jsonParcel("/twilio/alarms", body),
  "event streams": (body) => jsonParcel("/twilio/events", body),
};

function signedBytes(target: string, body: Buffer): Parcel {
  const signature = signForm(account.token, publicUrl + target, paramsOf(body));
  const headers = { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature };
  return { target, body, headers };
}
