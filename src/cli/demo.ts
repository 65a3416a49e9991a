import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorEvent } from "../../test/support/sign.ts";
import {
  defaultAccount,
  type SimulatedTwilio,
  startSimulatedTwilio,
} from "../../test/support/simulated-twilio/server.ts";
import { type App, startApp, systemClock } from "../app.ts";
import { mistakesText, readConfig } from "../config.ts";
import { createLog } from "../telemetry/log.ts";
import { createLedger } from "./demo/ledger.ts";
import { type Observation, observe } from "./demo/observe.ts";
import { report } from "./demo/report.ts";
import { stayText, trickle } from "./demo/stay.ts";
import { sendTraffic } from "./demo/traffic.ts";
import { checksOf } from "./demo/verify.ts";
import { stageFaults } from "./demo/world.ts";

/** The address the demo's Twilio believes it calls. Signatures are made over it, never over the local address. */
const publicUrl = "https://faultline.example.com";

/** How long the demo waits for the diagnoses, in milliseconds. */
const patienceMs = 20_000;

/**
 * Shows the main job on a temporary folder and free ports, with a simulated Twilio: signed requests go in, explained
 * incidents come out, and the sender's book is held against the record. Returns 0 when every event was counted once.
 */
export async function demo({ stay }: { stay: boolean }): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "faultline-demo-"));
  const twilio = await startSimulatedTwilio({ latencyMs: 20 });
  let app: App | null = null;
  try {
    app = await startFaultline(folder, twilio);
    const target = { localUrl: `http://127.0.0.1:${app.publicPort}`, publicUrl, token: defaultAccount.tokens[0] };
    const adminUrl = `http://127.0.0.1:${app.adminPort}`;
    print("Faultline demo: a simulated Twilio sends its errors, correctly signed.");

    const firsts = stageFaults(twilio, systemClock.now());
    prepareAlerts(twilio);
    const ledger = createLedger();
    const scenes = await sendTraffic(target, ledger, firsts, systemClock.now());
    const observed = await whenDiagnosed(adminUrl);
    const checks = checksOf(ledger, scenes, observed);
    print(report(scenes, observed, checks));

    const exact = checks.every(({ expected, seen }) => expected === seen);
    print(exact ? "\nEvery event was counted exactly once." : "\nThe books do not agree: see FAIL above.");
    if (stay) {
      print(stayText(target, adminUrl));
      await trickle(target, firsts, systemClock.now, interruption());
    }
    return exact ? 0 : 1;
  } finally {
    await app?.stop();
    await twilio.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function startFaultline(folder: string, twilio: SimulatedTwilio): Promise<App> {
  const env = {
    PORT: "0",
    ADMIN_PORT: "0",
    HOST: "127.0.0.1",
    PUBLIC_URL: publicUrl,
    DATA_DIR: join(folder, "data"),
    TWILIO_ACCOUNT_SID: defaultAccount.sid,
    TWILIO_AUTH_TOKEN: defaultAccount.tokens[0],
    TWILIO_API_BASE_URL: twilio.baseUrl,
    LOG_LEVEL: "error",
  };
  const loaded = readConfig({ env, readFile: () => "", exists: () => false });
  if (!loaded.ok) throw new Error(mistakesText(loaded.mistakes));
  return await startApp(loaded.config, createLog({ level: loaded.config.logLevel, pretty: true }));
}

/** The Alerts Twilio keeps of the first events: more than a webhook tells. */
function prepareAlerts(twilio: SimulatedTwilio): void {
  const { monitor } = twilio.state.account();
  monitor.addAlert({
    sid: errorEvent({ code: 11200 }, 0x10).sid,
    code: 11200,
    method: "POST",
    url: "https://app.example.com/twilio/inbound?customer=4711",
    text: { Msg: "HTTP retrieval failure", httpResponse: "502" },
    responseHeaders: { "X-Twilio-WebhookError": "11203 HTTP communication total time out triggered" },
  });
}

/** Reads the record once every incident has a diagnosis, or when patience ends. */
async function whenDiagnosed(adminUrl: string): Promise<Observation> {
  const started = performance.now();
  for (;;) {
    const observed = await observe(adminUrl);
    const waiting = observed.incidents.filter(({ diagnoses }) => diagnoses.length === 0);
    if (waiting.length === 0 || performance.now() - started > patienceMs) return observed;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Aborts at the first SIGINT or SIGTERM. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
