import { refused, unreadable } from "../../../src/cli/demo/bad-input.ts";
import { createLedger } from "../../../src/cli/demo/ledger.ts";
import { sendStream, sendWebhook, type Target } from "../../../src/cli/demo/sender.ts";
import { sendTraffic } from "../../../src/cli/demo/traffic.ts";
import { type ErrorEvent, errorEvent } from "../../support/sign.ts";
import { patternedSid } from "../../support/simulated-twilio/world.ts";

/*
 * What the demo sends, and then more of everything, so that it happens while Prometheus looks.
 */

/** All the demo sends, once. `firsts` are the staged faults, one a code. */
export async function demoTraffic(target: Target, firsts: readonly ErrorEvent[]): Promise<void> {
  await sendTraffic(target, createLedger(), firsts, new Date());
}

/**
 * One round: each staged fault anew by webhook and again by stream, an unknown code, an HTTP failure, a line of a
 * Function, everything that is quarantined and everything that is refused. Resolves with the statuses.
 */
export async function round(target: Target, firsts: readonly ErrorEvent[], number: number): Promise<Set<number>> {
  const at = new Date();
  const base = 0x20_0000 + number * 0x100;
  const fresh = (event: ErrorEvent, index: number) => ({ ...event, at, sid: patternedSid("NO", base + index) });
  const events = [
    ...firsts,
    errorEvent({ code: 11_200, message: "HTTP retrieval failure" }),
    errorEvent({ code: 11_205, message: "HTTP connection failure" }),
    errorEvent({ code: 99_998, message: "A code nobody has documented yet" }),
    errorEvent({ code: 82_004, level: "INFO", message: "console.log from a Function" }),
    errorEvent({ code: 30_003, message: "Unreachable destination handset" }),
  ].map(fresh);
  const answers = await Promise.all([
    ...events.map((event) => sendWebhook(target, event)),
    sendStream(target, events),
    ...[...unreadable, ...refused].map((request) => request.send(target)),
  ]);
  return new Set(answers);
}
