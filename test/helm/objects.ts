import { z } from "zod";

/*
 * What the tests look at in rendered objects. Whether the objects are as Kubernetes wants them is kubeconform's part; here
 * everything else passes through.
 */

const Labels = z.record(z.string(), z.string());
const Port = z.union([z.number(), z.string()]);
const EnvironmentVariable = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z.unknown().optional(),
});
const Item = z.looseObject({ key: z.string(), path: z.string() });
const Volume = z.looseObject({
  name: z.string(),
  secret: z.looseObject({ secretName: z.string(), items: z.array(Item).optional() }).optional(),
  configMap: z.looseObject({ name: z.string() }).optional(),
  projected: z
    .looseObject({
      sources: z.array(z.looseObject({ secret: z.looseObject({ name: z.string(), items: z.array(Item) }) })),
    })
    .optional(),
});
const Probe = z.looseObject({ httpGet: z.looseObject({ path: z.string(), port: Port }) });
export const Container = z.looseObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()),
  args: z.array(z.string()).default([]),
  env: z.array(EnvironmentVariable).default([]),
  ports: z.array(z.looseObject({ name: z.string(), containerPort: z.number() })).default([]),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).default([]),
  startupProbe: Probe.optional(),
  livenessProbe: Probe.optional(),
  readinessProbe: Probe.optional(),
});
export type Container = z.infer<typeof Container>;
export const PodSpec = z.looseObject({
  containers: z.array(Container).min(1),
  volumes: z.array(Volume).default([]),
  serviceAccountName: z.string().optional(),
  terminationGracePeriodSeconds: z.number().optional(),
  topologySpreadConstraints: z
    .array(z.looseObject({ labelSelector: z.looseObject({ matchLabels: Labels }) }))
    .default([]),
});
export type PodSpec = z.infer<typeof PodSpec>;

const KubernetesObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: Labels.default({}),
    annotations: Labels.default({}),
  }),
});
export type KubernetesObject = z.infer<typeof KubernetesObject>;

const Template = z.looseObject({
  metadata: z.looseObject({ labels: Labels, annotations: Labels.default({}) }),
  spec: PodSpec,
});
const Workload = z.looseObject({
  kind: z.enum(["Deployment", "StatefulSet"]),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    replicas: z.number().optional(),
    serviceName: z.string().optional(),
    selector: z.looseObject({ matchLabels: Labels }),
    template: Template,
    volumeClaimTemplates: z.array(z.looseObject({ metadata: z.looseObject({ name: z.string() }) })).default([]),
  }),
});
export type Workload = z.infer<typeof Workload>;

const Service = z.looseObject({
  metadata: z.looseObject({ name: z.string(), labels: Labels.default({}) }),
  spec: z.looseObject({
    type: z.string(),
    selector: Labels,
    ports: z.array(z.looseObject({ name: z.string(), port: z.number(), targetPort: Port })),
  }),
});
export type Service = z.infer<typeof Service>;

/** The rendered objects of a release. */
export class Rendered {
  readonly objects: readonly KubernetesObject[];

  constructor(documents: readonly unknown[]) {
    this.objects = documents.map((document) => KubernetesObject.parse(document));
  }

  /** All of a kind, looked at with a schema. */
  all<S extends z.ZodType>(kind: string, schema: S): z.infer<S>[] {
    return this.objects.filter((each) => each.kind === kind).map((each) => schema.parse(each));
  }

  workloads(): Workload[] {
    return [...this.all("Deployment", Workload), ...this.all("StatefulSet", Workload)];
  }

  services(): Service[] {
    return this.all("Service", Service);
  }

  /** The pod of `helm test`, null without. */
  testPod(): { labels: Record<string, string>; spec: PodSpec } | null {
    const [pod] = this.all("Pod", z.looseObject({ metadata: z.looseObject({ labels: Labels }), spec: PodSpec }));
    return pod === undefined ? null : { labels: pod.metadata.labels, spec: pod.spec };
  }

  /** Every pod: of workloads, and of `helm test`. */
  pods(): { name: string; spec: PodSpec }[] {
    const test = this.testPod();
    return [
      ...this.workloads().map(({ metadata, spec }) => ({ name: metadata.name, spec: spec.template.spec })),
      ...(test === null ? [] : [{ name: "test", spec: test.spec }]),
    ];
  }
}

/** Whether a selector takes these labels. */
export function selects(selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

/** The port of a container that a number or a name means. */
export function portOf(container: Container, port: number | string): number | undefined {
  return container.ports.find((each) => each.name === port || each.containerPort === port)?.containerPort;
}

/** The container that runs Faultline. */
export function mainContainer(spec: PodSpec): Container {
  const [container] = spec.containers;
  if (container === undefined) throw new Error("expected a container, got none");
  return container;
}
