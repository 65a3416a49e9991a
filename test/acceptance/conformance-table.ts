import type { EventOutcome, RejectReason } from "../../src/core/outcome.ts";

/** What a sample must meet: its status, and what is counted. */
export interface Expected {
  readonly status: number;
  /** Why it is refused; absent when it is accepted. */
  readonly reason?: RejectReason;
  /** Fates of the events in it. */
  readonly outcomes?: Partial<Record<EventOutcome, number>>;
}

/** One sample file and what it must meet, sent to `path`. */
export interface Sample extends Expected {
  readonly file: string;
  readonly path: "/twilio/debugger" | "/twilio/alarms" | "/twilio/events";
  /** What is worth knowing about the sample. */
  readonly why: string;
  /** What the same body meets when its placeholder of an account is replaced by one we know. */
  readonly fromKnownAccount?: Expected;
}

const recorded = { status: 204, outcomes: { recorded: 1 } } as const;
const quarantined = { status: 204, outcomes: { quarantined: 1 } } as const;
const ignored = { status: 204, outcomes: { ignored: 1 } } as const;
const unknownAccount = { status: 403, reason: "unknown_account" } as const;
const debuggerPath = "/twilio/debugger";
const alarmPath = "/twilio/alarms";
const streamPath = "/twilio/events";

/** Every sample, in the order in which they are sent: some carry the same event, and the second is a duplicate. */
export const samples: readonly Sample[] = [
  { file: "alarm-01-docs.body", path: alarmPath, why: "Alarm as a form", ...recorded },
  {
    file: "alarm-01-docs.json",
    path: alarmPath,
    why: "the same Alarm as JSON, by its IdempotencyToken",
    status: 204,
    outcomes: { duplicate: 1 },
  },
  { file: "alarm-02-legacy-alert-trigger.body", path: alarmPath, why: "older Alert Trigger, Log=0", ...recorded },
  {
    file: "debugger-01-docs-11200.body",
    path: debuggerPath,
    why: "documentation: ParentAccountSid empty, no milliseconds, Msg and msg",
    ...unknownAccount,
    fromKnownAccount: recorded,
  },
  {
    file: "debugger-03-real-32009-sip-warning.body",
    path: debuggerPath,
    why: "sip: URL, ErrorCode with a sentence behind it, no Level, Sid and Timestamp",
    ...unknownAccount,
    fromKnownAccount: recorded,
  },
  {
    file: "debugger-04-real-32009-sip-stage.body",
    path: debuggerPath,
    why: "a Payload and nothing else: nobody to name",
    ...quarantined,
  },
  {
    file: "debugger-08-fixture-21408.body",
    path: debuggerPath,
    why: "no resource_sid, Timestamp as epoch seconds",
    ...unknownAccount,
    fromKnownAccount: recorded,
  },
  {
    file: "debugger-09-fixture-21408-no-more-info.body",
    path: debuggerPath,
    why: "no more_info; its Sid is no NO sid, so another payload is another event",
    ...unknownAccount,
    fromKnownAccount: recorded,
  },
  {
    file: "debugger-12-fixture-level-info-nonjson.body",
    path: debuggerPath,
    why: "level in lower case, Payload that is no JSON",
    ...unknownAccount,
    fromKnownAccount: quarantined,
  },
  {
    file: "debugger-13-fixture-no-error-code.body",
    path: debuggerPath,
    why: "unescaped JSON without error_code and without an account",
    ...quarantined,
  },
  {
    file: "debugger-14-fixture-payloadtype-xml.body",
    path: debuggerPath,
    why: "no Payload, PayloadType XML",
    ...quarantined,
  },
  { file: "debugger-15-fixture-bad-form.body", path: debuggerPath, why: "hardly a form", ...quarantined },
  { file: "debugger-16-fixture-oversize.body", path: debuggerPath, why: "18 kB that are no JSON", ...quarantined },
  { file: "debugger-2x-synthetic-48031.body", path: debuggerPath, why: "48031", ...recorded },
  { file: "debugger-2x-synthetic-50416.body", path: debuggerPath, why: "50416", ...recorded },
  { file: "debugger-2x-synthetic-80604.body", path: debuggerPath, why: "80604", ...recorded },
  { file: "debugger-2x-synthetic-80903.body", path: debuggerPath, why: "80903, with numbers and a text", ...recorded },
  { file: "debugger-2x-synthetic-80905.body", path: debuggerPath, why: "80905, with numbers", ...recorded },
  { file: "events-01-docs-error-log.json", path: streamPath, why: "documentation: no time, INFO", ...recorded },
  { file: "events-02-real-test-event.json", path: streamPath, why: "a sink's test event", ...ignored },
  { file: "events-04-real-message-sent.json", path: streamPath, why: "not about errors", ...ignored },
  { file: "events-07-docs-verify-delivered.json", path: streamPath, why: "not about errors", ...ignored },
  {
    file: "events-08-docs-studio-ended.json",
    path: streamPath,
    why: "one object, not about errors, NO id",
    ...ignored,
  },
  { file: "events-10-fixture-a2p-number-batch.json", path: streamPath, why: "not about errors", ...ignored },
  {
    file: "events-23-synthetic-alt-type-name.json",
    path: streamPath,
    why: "another spelling of the type",
    ...recorded,
  },
  {
    file: "events-21-synthetic-duplicate-and-out-of-order.json",
    path: streamPath,
    why: "80604 of the sample before, twice; two new ones out of order",
    status: 204,
    outcomes: { recorded: 2, duplicate: 2 },
  },
  {
    file: "events-20-synthetic-batch-5-codes.json",
    path: streamPath,
    why: "five codes, three of them known by now",
    status: 204,
    outcomes: { recorded: 2, duplicate: 3 },
  },
];
