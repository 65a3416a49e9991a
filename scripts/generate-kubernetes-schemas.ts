/*
 * Writes test/helm/schemas: what Kubernetes and the operators we work with accept, as JSON schemas for kubeconform, so that
 * the chart is checked without a cluster and without a network: `node scripts/generate-kubernetes-schemas.ts`. Needed only
 * for newer versions; takes the official definitions from the Go module proxy (Go must be installed).
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { type JsonValue, strictSchema } from "./strict-schema.ts";

const kubernetes = "k8s.io/kubernetes@v1.36.3";

/** The built-in kinds of the chart, by the file that describes their group and version. */
const builtIn = {
  api__v1: ["ConfigMap", "Pod", "Secret", "Service", "ServiceAccount"],
  apis__apps__v1: ["Deployment", "StatefulSet"],
  apis__autoscaling__v2: ["HorizontalPodAutoscaler"],
  "apis__networking.k8s.io__v1": ["Ingress", "NetworkPolicy"],
  apis__policy__v1: ["PodDisruptionBudget"],
} as const;

/** The kinds of operators: module, and the file with the definition. */
const custom = [
  ["github.com/kedacore/keda/v2@v2.21.0", "config/crd/bases/keda.sh_scaledobjects.yaml"],
  ["sigs.k8s.io/gateway-api@v1.6.3", "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"],
  ...["servicemonitors", "prometheusrules"].map(
    (name) =>
      [
        "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        `example/prometheus-operator-crd/monitoring.coreos.com_${name}.yaml`,
      ] as const,
  ),
] as const;

const folder = join(import.meta.dirname, "..", "test", "helm", "schemas");
mkdirSync(folder, { recursive: true });

const GroupVersionKind = z.object({ group: z.string(), version: z.string(), kind: z.string() });
const OpenApi = z.object({
  components: z.object({
    schemas: z.record(
      z.string(),
      z.looseObject({ "x-kubernetes-group-version-kind": z.array(GroupVersionKind).optional() }),
    ),
  }),
});
for (const [file, kinds] of Object.entries(builtIn)) {
  const path = join(moduleFolder(kubernetes), "api", "openapi-spec", "v3", `${file}_openapi.json`);
  const { schemas } = OpenApi.parse(JSON.parse(readFileSync(path, "utf8"))).components;
  for (const kind of kinds) {
    const found = Object.values(schemas).find((schema) =>
      schema["x-kubernetes-group-version-kind"]?.some((each) => each.kind === kind && each.group !== "internal"),
    );
    const [gvk] = found?.["x-kubernetes-group-version-kind"] ?? [];
    if (found === undefined || gvk === undefined) throw new Error(`expected ${kind} in ${path}, got none`);
    write(gvk, kubernetes, found as JsonValue, schemas as Record<string, JsonValue>);
  }
}

const Definition = z.object({
  spec: z.object({
    group: z.string(),
    names: z.object({ kind: z.string() }),
    versions: z.array(
      z.object({ name: z.string(), storage: z.boolean(), schema: z.object({ openAPIV3Schema: z.json() }) }),
    ),
  }),
});
for (const [module, file] of custom) {
  const { spec } = Definition.parse(parse(readFileSync(join(moduleFolder(module), file), "utf8")));
  const version = spec.versions.find(({ storage }) => storage);
  if (version === undefined) throw new Error(`expected a version that is stored in ${file}, got none`);
  write(
    { group: spec.group, version: version.name, kind: spec.names.kind },
    module,
    version.schema.openAPIV3Schema,
    {},
  );
}

/** Named as kubeconform looks for it: `{{ .ResourceKind }}{{ .KindSuffix }}.json`, the first part of the group in it. */
function write(
  { group, version, kind }: z.infer<typeof GroupVersionKind>,
  source: string,
  root: JsonValue,
  components: Readonly<Record<string, JsonValue>>,
): void {
  const parts = [kind, group.split(".")[0], version].filter((part) => part !== "" && part !== undefined);
  const schema = { $comment: `From ${source}, Apache-2.0.`, ...strictSchema(root, components) };
  writeFileSync(join(folder, `${parts.join("-").toLowerCase()}.json`), `${JSON.stringify(schema)}\n`);
  console.log(`${kind} of ${source}`);
}

function moduleFolder(module: string): string {
  // Anywhere but here: the repository is no Go module.
  const answer = execFileSync("go", ["mod", "download", "-json", module], { encoding: "utf8", cwd: "/" });
  return z.object({ Dir: z.string() }).parse(JSON.parse(answer)).Dir;
}
