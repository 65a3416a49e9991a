import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { chart, kubernetesVersions, matrix, render, template, valuesFile } from "./render.ts";
import { missingTools, run } from "./tools.ts";

const schemas = join(import.meta.dirname, "schemas", "{{ .ResourceKind }}{{ .KindSuffix }}.json");

/** Kubernetes' own check, strict and offline. */
function kubeconform(objects: string) {
  return run("kubeconform", ["-strict", "-summary", "-output", "text", "-schema-location", schemas, "-"], objects);
}

describe.skipIf(missingTools !== null)(`The chart (${missingTools ?? "helm and kubeconform"})`, () => {
  test("passes helm lint --strict with its defaults", () => {
    const { exitCode, stdout } = run("helm", ["lint", "--strict", chart]);
    expect(stdout).toContain("0 chart(s) failed");
    expect(exitCode).toBe(0);
  });

  test("the matrix has the embedded and the scaled mode, each with everything on and everything off", () => {
    expect(matrix).toEqual(
      expect.arrayContaining([
        "embedded-values.yaml",
        "everything-embedded-values.yaml",
        "everything-values.yaml",
        "nothing-scaled-values.yaml",
        "nothing-values.yaml",
        "scaled-values.yaml",
        "secrets-apart-values.yaml",
      ]),
    );
  });

  describe.each(matrix)("%s", (name) => {
    test("passes helm lint --strict", () => {
      const { exitCode, stdout, stderr } = run("helm", ["lint", "--strict", chart, "--values", valuesFile(name)]);
      expect(stdout).toContain("0 chart(s) failed");
      // Lint goes on after a mistake that would stop an installation, and only mentions it.
      expect(stdout + stderr).not.toContain("mistakes");
      expect(exitCode).toBe(0);
    });

    test.each(kubernetesVersions)("renders objects that Kubernetes takes, for %s", (kubernetes) => {
      const { exitCode, stdout, stderr } = template(name, { kubernetes });
      expect(stderr).toBe("");
      expect(exitCode).toBe(0);
      const checked = kubeconform(stdout);
      expect(checked.stdout).toMatch(/Invalid: 0, Errors: 0, Skipped: 0/);
      expect(checked.exitCode).toBe(0);
    });

    test("renders no two objects of one name, all in the namespace of the release", () => {
      const { objects } = render(name);
      const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
      expect(new Set(names).size).toBe(names.length);
      const own = objects.filter(({ metadata }) => metadata.labels["helm.sh/chart"] !== undefined);
      expect(own.length).toBeGreaterThanOrEqual(3);
      expect(own.filter(({ metadata }) => metadata.namespace !== "twilio")).toEqual([]);
    });
  });

  test("everything on is really everything: every kind the chart knows is in the matrix", () => {
    const kinds = new Set(matrix.flatMap((name) => render(name).objects.map(({ kind }) => kind)));
    expect([...kinds].toSorted()).toEqual([
      "ConfigMap",
      "Deployment",
      "HTTPRoute",
      "HorizontalPodAutoscaler",
      "Ingress",
      "NetworkPolicy",
      "Pod",
      "PodDisruptionBudget",
      "PrometheusRule",
      "ScaledObject",
      "Secret",
      "Service",
      "ServiceAccount",
      "ServiceMonitor",
      "StatefulSet",
    ]);
  });

  test("two values lead from embedded to scaled", () => {
    const kinds = (name: string) =>
      render(name)
        .workloads()
        .map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(kinds("embedded-values.yaml")).toEqual(["StatefulSet/my-faultline"]);
    expect(kinds("scaled-values.yaml")).toEqual(["Deployment/my-faultline-ingest", "Deployment/my-faultline-worker"]);
  });

  test.each([
    ["a field Kubernetes does not know", "kind: ServiceAccount", "automountToken: false\nkind: ServiceAccount"],
    [
      "a number where a text belongs",
      'name: PORT\n              value: "8080"',
      "name: PORT\n              value: 8080",
    ],
    ["a field in the wrong place", "containerPort: 8080", "containerPort: 8080\n              port: 8080"],
  ])("the check itself finds %s", (_, right, wrong) => {
    const { stdout } = template("embedded-values.yaml");
    expect(stdout).toContain(right);
    expect(kubeconform(stdout.replace(right, wrong)).exitCode).toBe(1);
  });
});
