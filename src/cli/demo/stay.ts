import { existsSync } from "node:fs";
import { join } from "node:path";
import { debuggerForm, type ErrorEvent, encodeForm, errorEvent, signForm } from "../../../test/support/sign.ts";
import { patternedSid } from "../../../test/support/simulated-twilio/world.ts";
import { scrapeConfig } from "./scrape-config.ts";
import { sendWebhook, type Target } from "./sender.ts";
import { mainCodes } from "./traffic.ts";

/** The project's folder, where alerts and dashboards are. */
const projectFolder = join(import.meta.dirname, "../../..");

const ruleFile = join(projectFolder, "alerts/faultline.rules.yml");

/** Between two events while the demo stays, in milliseconds. */
const trickleMs = 2_000;

/** What a person can do with a demo that goes on. */
export function stayText(target: Target, adminUrl: string): string {
  const form = debuggerForm(errorEvent({ code: 50416 }, 0xcafe));
  const signature = signForm(target.token, `${target.publicUrl}/twilio/debugger`, form);
  return `
Still running, with an event every ${trickleMs / 1_000} s so that graphs move. Ctrl-C ends it.
  incidents  ${adminUrl}/api/v1/incidents
  metrics    ${adminUrl}/metrics
  API        ${adminUrl}/api/v1/openapi.json

One more event:
  curl -i -H 'X-Twilio-Signature: ${signature}' --data '${encodeForm(form)}' ${target.localUrl}/twilio/debugger

Prometheus: save this as prometheus.yml, then run prometheus --config.file=prometheus.yml

${scrapeConfig(new URL(adminUrl).host, existsSync(ruleFile) ? [ruleFile] : [])}
Grafana: add that Prometheus as a data source, then Dashboards → New → Import each file of
  ${join(projectFolder, "dashboards")}`;
}

/** Sends one event after the other, each of the five codes in turn, until the signal says so. */
export async function trickle(
  target: Target,
  firsts: readonly ErrorEvent[],
  now: () => Date,
  signal: AbortSignal,
): Promise<void> {
  for (let count = 0; !signal.aborted; count++) {
    await pause(trickleMs, signal);
    if (signal.aborted) return;
    const code = mainCodes[count % mainCodes.length] ?? mainCodes[0];
    const like = firsts.find((first) => first.code === code);
    const sid = patternedSid("NO", 0x10_0000 + count);
    // The demo is about what Faultline does with an answer; one that fails is seen in the metrics.
    await sendWebhook(target, errorEvent({ ...like, code, at: now(), sid })).catch(() => null);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}
