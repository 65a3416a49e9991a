import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { stageFaults } from "../../src/cli/demo/world.ts";
import { type Backend, embedded, postgresAndRedis } from "../support/backends.ts";
import { deliver, formParcel, jsonParcel } from "../support/deliver.ts";
import { account, type Faultline, useFaultlines } from "../support/faultline.ts";
import { startWebhook, type WebhookDouble, webhookSecret } from "../support/receivers/webhook.ts";
import { debuggerForm, type ErrorEvent, errorEvent, streamEvent } from "../support/sign.ts";
import { type SimulatedTwilio, startSimulatedTwilio } from "../support/simulated-twilio/server.ts";
import { until } from "../support/until.ts";

/*
 * Text that would be SQL, or a command, if anybody took it for that: in every field of events, in every parameter of the API. The
 * commands that people are shown are then carried out by a real shell.
 */

const faultlines = useFaultlines();
let backend: Backend | null = null;
let twilio: SimulatedTwilio | null = null;
let webhook: WebhookDouble | null = null;

afterEach(async () => {
  await Promise.all([backend?.dispose(), twilio?.stop(), webhook?.stop()]);
  backend = null;
  twilio = null;
  webhook = null;
});

const sql = [
  "'; drop table faultline.events cascade; --",
  "' or '1'='1",
  "1); delete from faultline.incidents; select (1",
  "$1",
  "\\'; select pg_sleep(10); --",
  "{\"a\":1}'::jsonb || '",
  "%' union select version() --",
  "E'\\\\x00'",
];
const shell = [
  "$(touch pwned)",
  "`touch pwned`",
  "'; touch pwned; '",
  '"; touch pwned; "',
  "\ntouch pwned\n",
  "| touch pwned",
  "&& touch pwned",
  "$" + "{IFS}touch$" + "{IFS}pwned",
  "--endpoint=$(touch pwned)",
  "> pwned",
];
const hostile = [...sql, ...shell];
const codes = [80604, 80903, 80905, 50416, 48031, 11200, 99_999];

/** An event with this text in every field that takes one. */
function eventWith(text: string, nth: number): ErrorEvent {
  const code = codes[nth % codes.length] ?? 80604;
  const response = { status_code: 502, headers: { "X-Twilio-WebhookError": text, [text]: text }, body: text };
  const parameters = { From: text, To: text, "MessagingBinding.Address": text, [text]: text };
  const request = { url: `https://app.example.com/${text}`, method: text, headers: { [text]: text }, parameters };
  const webhook = { type: text, request, response };
  const fields = { code, message: text, resource: text, service: text, level: "ERROR", webhook };
  return errorEvent(fields, 0x1000 + nth);
}

async function send(faultline: Faultline): Promise<number> {
  let sent = 0;
  for (const [nth, text] of hostile.entries()) {
    const event = eventWith(text, nth);
    const form = { ...debuggerForm(event), ParentAccountSid: text, PayloadType: text, [text]: text };
    const envelope = streamEvent(eventWith(text, 0x500 + nth));
    const streamed = { ...envelope, subject: text, dataschema: text };
    const data = { ...Object(envelope.data), product_name: text, account_sid: account.sid, request_sid: text };
    const alarm = {
      AccountSid: account.sid,
      ErrorCode: "11200",
      Description: text,
      IdempotencyToken: text,
      TriggerValue: text,
    };
    for (const parcel of [
      formParcel("/twilio/debugger", form),
      jsonParcel("/twilio/events", JSON.stringify([{ ...streamed, data }])),
      formParcel("/twilio/alarms", alarm),
    ]) {
      expect((await deliver(faultline.publicPort, parcel)).status, text).toBe(204);
      sent += 1;
    }
  }
  return sent;
}

/** Every command in what was shown: of remedies, in whatever depth. */
function commandsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(commandsIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    (key === "command" || key === "curl") && typeof inner === "string" ? [inner] : commandsIn(inner),
  );
}

describe.for([embedded, postgresAndRedis])("$name", (kind) => {
  test.skipIf(!kind.available)("nothing in an event or a request is taken for SQL", async () => {
    backend = await kind.open();
    webhook = await startWebhook();
    const receiver = { WEBHOOK_URL: webhook.url, WEBHOOK_SECRET: webhookSecret };
    const faultline = await faultlines.start({ ...backend.env, ...receiver });
    const sent = await send(faultline);
    const counted = async () => ({
      events: (await faultline.events()).length + (await faultline.quarantine()).length,
      incidents: (await faultline.incidents()).length,
    });
    const before = await counted();
    expect(before.events).toBe(sent);
    for (const text of hostile) {
      const given = encodeURIComponent(text);
      const refused = [
        `incidents?state=${given}`,
        `incidents?code=${given}`,
        `events?cursor=${given}`,
        `events?limit=${given}`,
      ];
      refused.push(`incidents?${given}=1`, `codes/${given}`, `quarantine?cursor=${given}`, `silences?${given}`);
      for (const path of refused) {
        const { status } = await faultline.get(`/api/v1/${path}`);
        expect([path, status]).toEqual([path, 400]);
      }
      for (const path of [`incidents/${given}`, `events?incident=${given}`]) {
        const { status } = await faultline.get(`/api/v1/${path}`);
        expect([path, [200, 400, 404].includes(status)]).toEqual([path, true]);
      }
      const silence = await fetch(`${faultline.adminUrl}/api/v1/silences`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          matchers: [{ name: "service", value: text }],
          comment: text,
          createdBy: text,
          startsAt: "2998-01-01T00:00:00Z",
          endsAt: "2999-01-01T00:00:00Z",
        }),
      });
      expect([text, silence.status]).toEqual([text, 201]);
    }
    const { silences } = (await (await faultline.get("/api/v1/silences")).json()) as {
      silences: { comment: string }[];
    };
    expect(new Set(silences.map(({ comment }) => comment))).toEqual(new Set(hostile.map((text) => text.trim())));
    expect(await counted()).toEqual(before);
    const errors = faultline.logs().filter(({ level }) => level === "error" || level === "fatal");
    expect(errors).toEqual([]);
    await faultline.stop();
  });
});

test("no command that is shown does anything but call twilio or curl, whatever stood in the event", async () => {
  twilio = await startSimulatedTwilio();
  webhook = await startWebhook();
  const faultline = await faultlines.start({
    TWILIO_API_BASE_URL: twilio.baseUrl,
    WEBHOOK_URL: webhook.url,
    WEBHOOK_SECRET: webhookSecret,
  });
  // Real conflicts, so that there are commands to show; then the same codes with hostile text.
  for (const event of stageFaults(twilio, new Date())) {
    expect((await deliver(faultline.publicPort, formParcel("/twilio/debugger", debuggerForm(event)))).status).toBe(204);
  }
  await send(faultline);
  await until("the work to be done", 90_000, async () => {
    const jobs = (await faultline.samples()).filter(({ name }) => name === "faultline_queue_jobs");
    const isWaiting = ({ labels, value }: (typeof jobs)[number]) =>
      value > 0 && labels.state !== "completed" && labels.state !== "failed";
    return (await faultline.metric("twilio_diagnoses_total")) > codes.length && !jobs.some(isWaiting);
  });
  const incidents = await Promise.all((await faultline.incidents()).map(({ id }) => faultline.incident(id)));
  const views = await Promise.all(
    codes.map(async (code) => await (await faultline.get(`/api/v1/codes/${code}`)).json()),
  );
  const commands = [...new Set(commandsIn([incidents, views, webhook.received.map(({ json }) => json)]))];
  await faultline.stop();
  expect(commands.length).toBeGreaterThan(10);

  const folder = faultlines.folder();
  const bin = join(folder, "bin");
  const here = join(folder, "here");
  mkdirSync(bin);
  mkdirSync(here);
  for (const name of ["twilio", "curl"]) {
    writeFileSync(join(bin, name), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
  }
  for (const command of commands) {
    // A command with a placeholder still in it may be no command yet; what counts is what it does.
    const script = `set +e\n${command}\n`;
    try {
      execFileSync("/bin/sh", ["-c", script], {
        cwd: here,
        env: { PATH: `${bin}:/usr/bin:/bin` },
        stdio: "ignore",
        timeout: 10_000,
      });
    } catch {
      // Its exit code is not the question.
    }
    expect([command, readdirSync(here)]).toEqual([command, []]);
  }
  // The trap works.
  execFileSync("/bin/sh", ["-c", "echo $(touch pwned)"], { cwd: here, stdio: "ignore" });
  expect(readdirSync(here)).toEqual(["pwned"]);
});
