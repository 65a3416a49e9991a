import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { stageFaults } from "../../src/cli/demo/world.ts";
import { metrics } from "../../src/telemetry/metric-names.ts";
import { alertmanagerAvailable, type RunningAlertmanager, startAlertmanager } from "../support/alertmanager.ts";
import { type Backend, postgresAndRedis } from "../support/backends.ts";
import { account, type Faultline, publicUrl, useFaultlines } from "../support/faultline.ts";
import { prometheusAvailable, promtool, type RunningPrometheus, startPrometheus } from "../support/prometheus.ts";
import { type Everyone, startEveryone } from "../support/receivers/everyone.ts";
import { type ReceiverDouble, startReceiver } from "../support/receivers/server.ts";
import { type SimulatedTwilio, startSimulatedTwilio } from "../support/simulated-twilio/server.ts";
import { until } from "../support/until.ts";
import { askDashboards, askRules, type Outcome } from "./observability/ask.ts";
import { quietPast } from "./observability/past.ts";
import { demoTraffic, round } from "./observability/traffic.ts";

/*
 * Prometheus and Alertmanager, really running, scrape a Faultline that really runs, with all its parts, under the traffic
 * of the demo. Then every query of a dashboard and every expression of a rule is asked: it must be understood and must
 * have an answer, or stand on a short list that says why it has none.
 */

const root = join(import.meta.dirname, "../..");
const isInstalled = prometheusAvailable() && alertmanagerAvailable() && postgresAndRedis.available;
const adminToken = "observability-tests-only-0123456789abcdef";
const rounds = 20;
const faultlines = useFaultlines();
const closing: { stop(): Promise<void> }[] = [];
let backend: Backend | null = null;

afterEach(async () => {
  await Promise.all(closing.splice(0).map((each) => each.stop()));
  await backend?.dispose();
  backend = null;
});

interface Stage {
  readonly twilio: SimulatedTwilio;
  readonly everyone: Everyone;
  readonly pager: ReceiverDouble;
  readonly faultline: Faultline;
  readonly prometheus: RunningPrometheus;
}

function keep<T extends { stop(): Promise<void> }>(started: T): T {
  closing.push(started);
  return started;
}

async function start(on: Backend): Promise<Stage> {
  const twilio = keep(await startSimulatedTwilio({ latencyMs: 20 }));
  const everyone = keep(await startEveryone());
  const faultline = await faultlines.start({
    ...on.env,
    ...everyone.env,
    ADMIN_TOKEN: adminToken,
    TWILIO_API_BASE_URL: twilio.baseUrl,
    DIAGNOSES_PER_HOUR: "500",
    INCIDENT_QUIET_PERIOD: "10s",
  });
  const pager = keep(await startReceiver(() => ({ status: 200 })));
  const alertmanager = keep(await startAlertmanager({ webhookUrl: pager.url, groupBy: ["severity"] }));
  const prometheus = keep(await startPrometheus(stackConfig(faultline, alertmanager)));
  return { twilio, everyone, pager, faultline, prometheus };
}

/** The configuration of the stack, with the addresses of this run and an interval of a second. */
function stackConfig(faultline: Faultline, alertmanager: RunningAlertmanager) {
  const config = readFileSync(join(root, "compose/prometheus.yml"), "utf8")
    .replace("faultline:9464", `127.0.0.1:${faultline.adminPort}`)
    .replace("alertmanager:9093", new URL(alertmanager.url).host)
    .replaceAll(/_interval: 15s/g, "_interval: 1s");
  const past = quietPast(Date.now() / 1000, `127.0.0.1:${faultline.adminPort}`);
  return {
    config,
    past,
    files: { "secrets/admin_token": adminToken, "rules/faultline.rules.yml": stringify(quickRules()) },
  };
}

const RuleFile = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      interval: z.string().optional(),
      rules: z.array(
        z.looseObject({
          expr: z.string(),
          alert: z.string().optional(),
          record: z.string().optional(),
          for: z.string().optional(),
        }),
      ),
    }),
  ),
});

/** The committed rules, but evaluated every second and firing at once: the expressions are what is looked at here. */
function quickRules(): z.output<typeof RuleFile> {
  const { groups } = RuleFile.parse(parse(readFileSync(join(root, "alerts/faultline.rules.yml"), "utf8")));
  return {
    groups: groups.map(({ name, rules }) => ({
      name,
      rules: rules.map((rule) => (rule.for === undefined ? rule : { ...rule, for: "0s" })),
    })),
  };
}

/** Sends rounds, one a second, while everything that can go wrong between Faultline and the others does. */
async function play({ twilio, everyone, faultline, prometheus }: Stage): Promise<void> {
  const target = { localUrl: `http://127.0.0.1:${faultline.publicPort}`, publicUrl, token: account.token };
  const firsts = stageFaults(twilio, new Date());
  await demoTraffic(target, firsts);
  const resolved = `increase(${metrics.incidentTransitions.name}{transition="resolved", code="50416"}[10s]) > 0`;
  let resolvedFor = 0;
  for (let number = 0; resolvedFor < 4 || number < rounds; number += 1) {
    if (number >= 5 * rounds) throw new Error("expected incidents that went quiet to be resolved by now");
    if (number % 5 === 1) twilio.faults.add({ path: "/", status: 429, retryAfter: 1, times: 2 });
    if (number === 3) everyone.webhook.faults.add({ status: 410, times: 2 });
    // From the middle on only 80604 goes on: the others go quiet, and are resolved while Prometheus looks.
    const statuses = await round(target, number < rounds / 2 ? firsts : firsts.slice(0, 1), number);
    expect(statuses).toContain(204);
    await wait(800);
    if (resolvedFor > 0 || (await prometheus.query(resolved)).length > 0) resolvedFor += 1;
  }
}

/** Fails for what has no data and no reason for it, for what fails, and for what has data in spite of a reason. */
function expectData(what: string, outcomes: readonly Outcome[]): void {
  expect.soft(outcomes.length, what).toBeGreaterThan(10);
  const wrong = outcomes.filter(({ got, empty }) =>
    empty === undefined ? got !== "data" : got !== "nothing" && got !== "not a number",
  );
  expect.soft(wrong, what).toEqual([]);
}

describe.skipIf(!isInstalled)(
  `a stack under the demo's traffic${isInstalled ? "" : " (prometheus, prometheus-alertmanager, PostgreSQL or Redis is not installed)"}`,
  () => {
    test("every panel and every rule has data, no query fails, and alerts reach the Alertmanager", {
      timeout: 300_000,
    }, async () => {
      backend = await postgresAndRedis.open();
      const stage = await start(backend);
      const { prometheus, pager, faultline } = stage;
      await until("the target to be up", 30_000, async () => (await prometheus.targets())[0]?.health === "up");
      const started = performance.now();
      await play(stage);

      // From before the first event, so that what the first ones brought about is seen as growth.
      const rangeSeconds = Math.ceil((performance.now() - started) / 1000) + 10;
      expectData("dashboards", await askDashboards(prometheus, rangeSeconds));
      const allRules = quickRules().groups.flatMap((group) => group.rules);
      expectData("rules", await askRules(prometheus, allRules));

      const scraped = await fetch(`${faultline.adminUrl}/metrics`, {
        headers: { authorization: `Bearer ${adminToken}` },
      });
      expect
        .soft(promtool(["check", "metrics"], await scraped.text()), "promtool check metrics")
        .toEqual({ exitCode: 0, output: "" });

      const states = await prometheus.rules();
      expect.soft(states.length).toBe(allRules.length);
      const unwell = states.filter(({ health }) => health !== "ok");
      expect
        .soft(
          unwell.map(({ name, lastError }) => `${name}: ${lastError}`),
          "rules that fail",
        )
        .toEqual([]);

      const expected = [
        "TwilioProxyIdentifierInUse",
        "TwilioErrorRateSurge",
        "TwilioNewErrorCode",
        "TwilioUnknownErrorCode",
        "FaultlineSignaturesRefused",
      ];
      const firing = states.filter(({ state }) => state === "firing").map(({ name }) => name);
      expect.soft(firing, "alerts that fire").toEqual(expect.arrayContaining(expected));
      await until("them to reach the receiver of the Alertmanager", 30_000, () => {
        const told = pager.received.map(({ body }) => body).join("\n");
        return expected.every((name) => told.includes(`"alertname":"${name}"`));
      });
      await faultline.stop();
    });
  },
);
