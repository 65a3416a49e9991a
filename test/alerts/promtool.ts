import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { AlertRule } from "../../alerts/alert.ts";
import { ruleGroups } from "../../alerts/rule-groups.ts";
import type { AlertCase, Series } from "./cases/case.ts";

export const alertsFolder: string = join(import.meta.dirname, "..", "..", "alerts");
export const ruleFilePath: string = join(alertsFolder, "faultline.rules.yml");

const CommittedRules = z.object({
  groups: z.array(z.looseObject({ name: z.string(), rules: z.array(z.looseObject({ alert: z.string().optional() })) })),
});

/** All alerting rules. */
export const alertRules: readonly AlertRule[] = ruleGroups().flatMap(({ rules }) =>
  rules.flatMap((rule) => ("alert" in rule ? [rule] : [])),
);

/** Whether a program of Debian's is there. In CI (CI=true) a missing one is an error. */
export function installed(program: string, debianPackage: string): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    if (process.env.CI === "true") {
      throw new Error(`CI: expected ${program} to be installed; apt-get install ${debianPackage}`);
    }
    return false;
  }
}

/** How a program ended, and what it wrote. */
export interface Ran {
  readonly exitCode: number;
  readonly output: string;
}

/** Runs a program to its end. */
export function run(program: string, args: readonly string[], timeoutMs = 60_000): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(program, [...args], { timeout: timeoutMs }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ exitCode, output: `${stdout}${stderr}` });
    });
  });
}

/** A test of promtool's: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/ */
export interface PromtoolTest {
  readonly interval: string;
  readonly input_series: readonly { readonly series: string; readonly values: string }[];
  readonly alert_rule_test?: readonly object[];
  readonly promql_expr_test?: readonly object[];
}

/**
 * Runs a test against the committed rules: the recordings and one alert, or all of them (null). The others would only cost
 * time, which adds up over weeks of five minutes.
 */
export async function promtoolTest(test: PromtoolTest, alert: string | null): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), "faultline-promtool-"));
  try {
    const { groups } = CommittedRules.parse(parse(await readFile(ruleFilePath, "utf8")));
    const looked = groups.map(({ rules, ...group }) => ({
      ...group,
      rules: rules.filter((rule) => alert === null || rule.alert === undefined || rule.alert === alert),
    }));
    // JSON is YAML.
    await writeFile(join(folder, "rules.yml"), JSON.stringify({ groups: looked }));
    const content = {
      rule_files: ["rules.yml"],
      evaluation_interval: test.interval,
      // Recordings before the alerts that read them; left to itself promtool takes the groups in no order.
      group_eval_order: groups.map(({ name }) => name),
      tests: [test],
    };
    await writeFile(join(folder, "tests.yml"), JSON.stringify(content));
    return await run("promtool", ["test", "rules", join(folder, "tests.yml")]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function inputSeries(series: readonly Series[]): PromtoolTest["input_series"] {
  return series.map(([selector, values]) => ({ series: selector, values }));
}

/** What promtool is to check of a case. */
export function testOf(given: AlertCase, rule: AlertRule): PromtoolTest {
  const { alert, series, step = "1m" } = given;
  const expectation = (at: string, alerts: readonly object[]) => ({
    alertname: alert,
    eval_time: at,
    exp_alerts: alerts,
  });
  return {
    interval: step,
    input_series: inputSeries(series),
    alert_rule_test:
      "silentAt" in given
        ? given.silentAt.map((at) => expectation(at, []))
        : [
            expectation(`${minutes(given.firesAt) - minutes(step)}m`, []),
            expectation(
              given.firesAt,
              given.firing.map(({ labels, shown }) => ({
                exp_labels: { ...labels, ...rule.labels },
                exp_annotations: {
                  ...rule.annotations,
                  description: rendered(rule.annotations.description, labels, shown),
                },
              })),
            ),
          ],
  };
}

/** The template of a description as Prometheus must render it; `shown` is the value. */
export function rendered(template: string, labels: Readonly<Record<string, string>>, shown: string | null): string {
  return template
    .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => labels[name] ?? `(no label ${name})`)
    .replaceAll(/\{\{ [^}]*\$value[^}]* \}\}/g, shown ?? "(shown is null)");
}

function minutes(text: string): number {
  const value = Number(/^(\d+)m$/.exec(text)?.[1]);
  if (Number.isNaN(value)) throw new Error(`expected minutes such as 10m, got ${text}`);
  return value;
}
