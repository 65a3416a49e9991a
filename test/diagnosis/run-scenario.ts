/*
 * One scenario through the product: the event comes in signed, is redacted and its subject sealed by ingest; the
 * diagnosis opens it and asks the simulated Twilio over HTTP. Only the record is in memory.
 */
import { randomBytes } from "node:crypto";
import { loadCatalogue } from "../../src/core/catalogue.ts";
import type { Diagnosis } from "../../src/core/diagnosis/verdict.ts";
import { compileRules } from "../../src/core/rules/match.ts";
import { createSeal, type Seal } from "../../src/core/seal.ts";
import { createDiagnose } from "../../src/pipeline/diagnose.ts";
import { cachedReader } from "../../src/pipeline/gather/cached-reader.ts";
import { createIngest } from "../../src/pipeline/ingest.ts";
import type { ClassifiedEvent, Delivery, Work, WorkEvent } from "../../src/pipeline/ports.ts";
import { loadBuiltInRules } from "../../src/rule-packs.ts";
import { createTwilioReader } from "../../src/twilio/reader.ts";
import { countingTelemetry, memoryStore, memoryWorks, recordingLog } from "../pipeline/fakes.ts";
import { debuggerForm, type ErrorEvent, encodeForm, signForm, signJson, streamBatch } from "../support/sign.ts";
import { defaultAccount } from "../support/simulated-twilio/server.ts";
import { carryOut, type Form } from "./carry-out.ts";
import type { Scenario, Told } from "./scenario.ts";
import { createStage, type Stage } from "./stage.ts";

/** What came of a scenario. */
export interface Outcome {
  readonly told: Told;
  readonly diagnosis: Diagnosis;
  /** Requests that reached Twilio, and how long the diagnosis took. */
  readonly calls: number;
  readonly ms: number;
  readonly fixes: readonly FixOutcome[];
}

/** What came of one command of a remedy. */
export interface FixOutcome {
  readonly remedy: string;
  readonly form: Form;
  /** Null when the failed action succeeded afterwards. */
  readonly failure: string | null;
}

const publicUrl = "https://hooks.example.com";
const rules = compileRules([], loadBuiltInRules(), loadCatalogue());

/** Runs a scenario once for its diagnosis, and once more for every command of a remedy. */
export async function runScenario(scenario: Scenario): Promise<Outcome> {
  const { told, diagnosis, calls, ms } = await staged(scenario, async (_stage, run) => run);
  const fixes: FixOutcome[] = [];
  for (const { remedy } of told.fixes ?? []) {
    for (const form of ["command", "curl"] as const) {
      const failure = await staged(scenario, (stage, run) => repair(stage, scenario, run, remedy, form));
      fixes.push({ remedy, form, failure });
    }
  }
  return { told, diagnosis, calls, ms, fixes };
}

interface Run {
  readonly told: Told;
  readonly diagnosis: Diagnosis;
  readonly calls: number;
  readonly ms: number;
}

async function staged<T>(scenario: Scenario, use: (stage: Stage, run: Run) => Promise<T>): Promise<T> {
  const stage = await createStage(scenario.accounts);
  try {
    const told = await scenario.stage(stage);
    return await use(stage, { told, ...(await diagnose(stage, scenario, told)) });
  } finally {
    await stage.twilio.stop();
  }
}

async function repair(stage: Stage, scenario: Scenario, run: Run, id: string, form: Form): Promise<string | null> {
  const fix = run.told.fixes?.find(({ remedy }) => remedy === id);
  const text = run.diagnosis.remedies.find((remedy) => remedy.id === id)?.[form];
  if (fix === undefined || text === undefined) return `there is no ${form}`;
  stage.twilio.faults.clear();
  const account = accountsOf(scenario).find(({ sid }) => sid === run.told.event.account);
  const env = { TWILIO_ACCOUNT_SID: account?.sid ?? "", TWILIO_AUTH_TOKEN: account?.tokens[0] ?? "", ...fix.env };
  const refusal = await carryOut(form, text, stage.twilio.baseUrl, env);
  if (refusal !== null) return `${text}: ${refusal}`;
  return (await fix.succeeds()) ? null : `after ${text} the action still fails`;
}

function accountsOf(scenario: Scenario) {
  return scenario.accounts ?? [defaultAccount];
}

async function diagnose(stage: Stage, scenario: Scenario, told: Told): Promise<Omit<Run, "told">> {
  const tokens = scenario.tokens ?? new Map(accountsOf(scenario).map((each) => [each.sid, each.tokens]));
  const clock = { now: () => stage.now() };
  const seal = createSeal("a secret for the labelled set", randomBytes);
  const recorded = await record([...(told.earlier ?? []), told.event], told.via, tokens, seal, stage.now());
  const last = recorded.at(-1);
  if (last === undefined) throw new Error("the event was not recorded");

  const twilio = createTwilioReader({
    accounts: tokens,
    baseUrl: stage.twilio.baseUrl,
    telemetry: countingTelemetry(),
    clock,
    random: () => 0.01,
    log: recordingLog(),
    // Short where it is waited for; else no answer is to be missed because the machine has other things to do.
    timeoutMs: stage.twilio.faults.hang() ? 100 : 5_000,
    requestsPerSecond: 1_000,
  });
  const works = memoryWorks();
  for (const classified of recorded) works.event.set(classified.event.sid, workEvent(classified));
  works.earlierSubjects = async () =>
    recorded.slice(0, -1).flatMap(({ event, sealedSubject: seal, receivedAt }) => {
      const at = event.occurredAt ?? receivedAt.toISOString();
      const sealedSubject = seal?.() ?? null;
      return sealedSubject === null ? [] : [{ eventSid: event.sid, sealedSubject, at }];
    });
  const handle = createDiagnose({
    works,
    rules,
    seal,
    twilio,
    resources: cachedReader(twilio, clock),
    telemetry: countingTelemetry(),
    clock,
    log: recordingLog(),
  });

  if (told.meanwhile !== undefined) {
    await handle(workOn(recorded[0] ?? last), { last: true });
    told.meanwhile();
    works.finished.length = 0;
  }
  stage.twilio.calls.reset();
  const started = performance.now();
  await handle(workOn(last), { last: true });
  const ms = performance.now() - started;
  const diagnosis = works.finished[0]?.[1];
  if (diagnosis === undefined) throw new Error("the diagnosis was not stored");
  return { diagnosis, ms, calls: stage.twilio.calls.count() };
}

/** Sends the events signed as Twilio does, each in a delivery of its own, and returns what ingest made of them. */
async function record(
  events: readonly ErrorEvent[],
  via: Told["via"],
  tokens: ReadonlyMap<string, readonly string[]>,
  seal: Seal,
  receivedAt: Date,
): Promise<ClassifiedEvent[]> {
  const store = memoryStore();
  const ingest = createIngest({
    trust: { publicUrl, tokensByAccount: tokens, allowUnsigned: false },
    rules,
    quietPeriodMs: 1_800_000,
    seal,
    store,
    dispatch: () => undefined,
    telemetry: countingTelemetry(),
  });
  const [token = ""] = [...tokens.values()].flat();
  for (const event of events) {
    const answer = await ingest({ ...delivery(event, via, token), receivedAt });
    if (answer.outcome !== "accepted") throw new Error(`the event was refused: ${JSON.stringify(answer)}`);
  }
  return [...store.events.values()];
}

function delivery(event: ErrorEvent, via: Told["via"], token: string): Omit<Delivery, "receivedAt"> {
  if (via === "debugger") {
    const form = debuggerForm(event);
    const target = "/twilio/debugger";
    const signature = signForm(token, publicUrl + target, form);
    return { source: "debugger", bodyType: "form", target, signature, body: Buffer.from(encodeForm(form)) };
  }
  const body = streamBatch([event]);
  const { url, signature } = signJson(token, `${publicUrl}/twilio/events`, body);
  return {
    source: "event_streams",
    bodyType: "json",
    target: url.slice(publicUrl.length),
    signature,
    body: Buffer.from(body),
  };
}

function workOn({ event: { sid } }: ClassifiedEvent): Work {
  return { id: `w_${sid}`, kind: "diagnose", incidentId: "inc_1", eventSid: sid, first: true };
}

/** The event as the record would hand it to a worker. */
function workEvent({ event, title, product, receivedAt, ruleId, sealedSubject }: ClassifiedEvent): WorkEvent {
  return {
    sid: event.sid,
    source: event.source,
    account: event.account,
    parentAccount: event.parentAccount,
    code: event.code,
    level: event.level,
    product,
    title,
    occurredAt: event.occurredAt,
    receivedAt: receivedAt.toISOString(),
    resource: event.resource,
    service: event.service,
    incidentId: "inc_1",
    payload: event.payload,
    sealedSubject: sealedSubject?.() ?? null,
    ruleId,
  };
}
