import { describe, expect, it } from "vitest";
import { loadCatalogue } from "../../src/core/catalogue.ts";
import { compileRules } from "../../src/core/rules/match.ts";
import { createSeal } from "../../src/core/seal.ts";
import { createDiagnose } from "../../src/pipeline/diagnose.ts";
import type { MonitorAlert, TwilioAnswer, TwilioReader, WorkEvent } from "../../src/pipeline/ports.ts";
import { countingTelemetry, fixedClock, memoryWorks, now, recordingLog, unaskedResources, workOf } from "./fakes.ts";

const account = `AC${"a".repeat(32)}`;
const parentAccount = `AC${"b".repeat(32)}`;
// A code whose diagnosis rests on the event and its Alert alone.
const code = 11200;

const alert: MonitorAlert = {
  alertText: "Msg=Got+HTTP+502+response&ErrorCode=11200&httpResponse=502",
  requestMethod: "POST",
  requestUrl: "https://user:hunter2@app.example.com/hook?caller=%2B15555550123",
  requestVariables: "From=%2B15555550123&Body=meet+me",
  responseBody: "meet me",
  responseHeaders: "X-Twilio-WebhookError=11203+HTTP+communication+total+time+out+triggered",
};

function eventOf(n: number, payload: WorkEvent["payload"] = {}): WorkEvent {
  return {
    sid: workOf(n).eventSid,
    source: "debugger",
    account,
    parentAccount,
    code,
    level: "ERROR",
    product: "Webhooks",
    title: "HTTP retrieval failure",
    occurredAt: null,
    receivedAt: now.toISOString(),
    resource: null,
    service: null,
    incidentId: "inc_1",
    payload,
    sealedSubject: null,
    ruleId: null,
  };
}

/** A worker whose Twilio gives the same answer each time. */
function createWorld(answer: TwilioAnswer<MonitorAlert>) {
  const asked: Parameters<TwilioReader["fetchAlert"]>[] = [];
  const works = memoryWorks();
  const telemetry = countingTelemetry();
  const log = recordingLog();
  const diagnose = createDiagnose({
    works,
    seal: createSeal("a secret for tests", (bytes) => Buffer.alloc(bytes, 7)),
    resources: unaskedResources(),
    rules: compileRules([], [], loadCatalogue()),
    twilio: {
      fetchAlert: async (owner, sid) => {
        asked.push([{ account: owner.account, parentAccount: owner.parentAccount }, sid]);
        return answer;
      },
    },
    telemetry,
    clock: fixedClock,
    log,
  });
  return { diagnose, asked, works, telemetry, log };
}

function failure(reason: "rate_limited" | "no_credentials" | "unauthorized" | "server_error", retry: boolean) {
  return { ok: false, reason, retry } as const;
}

describe("an event whose Alert can be read", () => {
  it("gets what failed: host and path, method, status and the true reason, without anything private", async () => {
    const { diagnose, asked, works, telemetry } = createWorld({ ok: true, value: alert });
    works.event.set(workOf(1).eventSid, eventOf(1));
    expect(await diagnose(workOf(1), { last: false })).toEqual({ retry: false });
    expect(asked).toEqual([[{ account, parentAccount }, workOf(1).eventSid]]);
    expect(works.finished).toHaveLength(1);
    expect(works.finished[0]?.[0]).toEqual(workOf(1));
    const diagnosis = works.finished[0]?.[1];
    expect(diagnosis).toMatchObject({
      eventSid: workOf(1).eventSid,
      at: now.toISOString(),
      failedRequest: {
        host: "app.example.com",
        path: "/hook",
        method: "POST",
        status: 502,
        reason: "11203 HTTP communication total time out triggered",
      },
    });
    expect(diagnosis).not.toHaveProperty("failure");
    expect(diagnosis?.evidence[0]).toMatchObject({ source: `GET /v1/Alerts/${workOf(1).eventSid}` });
    expect(diagnosis?.evidence[0]?.text).toContain("POST app.example.com/hook answered 502: 11203 HTTP");
    expect(JSON.stringify(diagnosis)).not.toMatch(/hunter2|5555550123|meet me/);
    expect(telemetry.diagnoses).toEqual([[code, diagnosis]]);
  });
});

describe("a Twilio that does not answer", () => {
  it("is tried again, after the time it asks for", async () => {
    const waiting = createWorld({ ...failure("rate_limited", true), retryAfterMs: 1_500 });
    waiting.works.event.set(workOf(1).eventSid, eventOf(1));
    expect(await waiting.diagnose(workOf(1), { last: false })).toEqual({ retry: true, afterMs: 1_500 });
    const soon = createWorld(failure("server_error", true));
    soon.works.event.set(workOf(1).eventSid, eventOf(1));
    expect(await soon.diagnose(workOf(1), { last: false })).toEqual({ retry: true });
    expect([waiting.works.finished, soon.works.finished, soon.telemetry.diagnoses]).toEqual([[], [], []]);
  });

  it("is given up at the last attempt: the diagnosis says why and rests on the event", async () => {
    const { diagnose, works } = createWorld(failure("server_error", true));
    const response = { status_code: 404, headers: {}, body: null };
    const payload = { webhook: { request: { url: "https://app.example.com/x", method: "GET" }, response } };
    works.event.set(workOf(1).eventSid, eventOf(1, payload));
    await diagnose(workOf(1), { last: true });
    expect(works.finished[0]?.[1]).toMatchObject({
      failure: "server_error",
      failedRequest: { host: "app.example.com", path: "/x", method: "GET", status: 404 },
      evidence: [{ source: "event" }],
    });
  });

  it("for good is not asked again", async () => {
    const { diagnose, works } = createWorld(failure("unauthorized", false));
    works.event.set(workOf(1).eventSid, eventOf(1));
    expect(await diagnose(workOf(1), { last: false })).toEqual({ retry: false });
    expect(works.finished[0]?.[1]).toMatchObject({ failure: "unauthorized", failedRequest: null, evidence: [] });
  });
});

it("without credentials says so once, and goes on with what the events say", async () => {
  const { diagnose, works, log } = createWorld(failure("no_credentials", false));
  for (let n = 1; n <= 3; n += 1) {
    works.event.set(workOf(n).eventSid, eventOf(n));
    expect(await diagnose(workOf(n), { last: false })).toEqual({ retry: false });
  }
  expect(works.finished.map(([, diagnosis]) => [diagnosis.failure, diagnosis.calls])).toEqual([
    ["no_credentials", 0],
    ["no_credentials", 0],
    ["no_credentials", 0],
  ]);
  expect(log.lines.filter((line) => line.startsWith("warn No credentials"))).toHaveLength(1);
});

it("ends work whose event retention has taken, without asking Twilio", async () => {
  const { diagnose, asked, works, telemetry } = createWorld({ ok: true, value: alert });
  expect(await diagnose(workOf(1), { last: false })).toEqual({ retry: false });
  expect(works.abandoned).toEqual([[workOf(1), "event_deleted"]]);
  expect([asked, works.finished, telemetry.diagnoses]).toEqual([[], [], []]);
});

it("lets a database that is away fail the job: the queue tries again", async () => {
  const { diagnose, works } = createWorld({ ok: true, value: alert });
  works.workEvent = () => Promise.reject(new Error("away"));
  await expect(diagnose(workOf(1), { last: false })).rejects.toThrow("away");
});

it("counts the change of the incident that a diagnosis brings", async () => {
  const { diagnose, works, telemetry } = createWorld({ ok: true, value: alert });
  works.event.set(workOf(1).eventSid, eventOf(1));
  works.finish = async () => "diagnosed";
  await diagnose(workOf(1), { last: false });
  expect(telemetry.transitions).toEqual([[code, "diagnosed"]]);
});
