import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { Rendered } from "./objects.ts";
import { type Ran, run } from "./tools.ts";

/** The chart's folder. */
export const chart = join(import.meta.dirname, "..", "..", "helm", "faultline");

/** Oldest and newest Kubernetes the chart is rendered for. Helm's own default depends on how it was built. */
export const kubernetesVersions = ["1.30.0", "1.36.0"] as const;

/** Values as in a values file. */
export type Values = Readonly<Record<string, unknown>>;

/** The matrix: the names of the values files that must render. */
export const matrix: readonly string[] = readdirSync(join(chart, "ci")).filter((name) => name.endsWith("-values.yaml"));

/** Everything an installation needs, for tests that are about something else. */
export const base: Values = {
  publicUrl: "https://faultline.example.com",
  existingSecret: "faultline",
  twilio: { accountSid: `AC${"a".repeat(32)}` },
};

/** A file of the matrix. */
export function valuesFile(name: string): string {
  return join(chart, "ci", name);
}

/** `helm template` with a values file of the matrix, or with values. */
export function template(values: string | Values, more: { release?: string; kubernetes?: string } = {}): Ran {
  const { release = "my", kubernetes = kubernetesVersions[0] } = more;
  return withValues(values, (file) =>
    run("helm", ["template", release, chart, "--namespace", "twilio", "--kube-version", kubernetes, "--values", file]),
  );
}

/** The rendered objects. Fails when they cannot be rendered. */
export function render(values: string | Values, more: { release?: string; kubernetes?: string } = {}): Rendered {
  const { exitCode, stdout, stderr } = template(values, more);
  if (exitCode !== 0) throw new Error(`expected objects, got:\n${stderr}`);
  return new Rendered(parse(stdout));
}

/** The objects of a text of several documents, as Kubernetes reads them: YAML 1.1. */
export function parse(text: string): unknown[] {
  return parseAllDocuments(text, { version: "1.1", merge: false }).flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    const value: unknown = document.toJS();
    return value === null ? [] : [value];
  });
}

/** Runs something with a values file. */
export function withValues<T>(values: string | Values, use: (file: string) => T): T {
  if (typeof values === "string") return use(valuesFile(values));
  const folder = mkdtempSync(join(tmpdir(), "faultline-values-"));
  try {
    const file = join(folder, "values.yaml");
    // JSON, since in YAML 1.1 a plain `yes` or `y` is no text.
    writeFileSync(file, JSON.stringify(values));
    return use(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
