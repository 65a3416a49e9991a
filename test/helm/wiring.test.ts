import { describe, expect, test } from "vitest";
import { z } from "zod";
import { mainContainer, portOf, type Rendered, type Service, selects } from "./objects.ts";
import { base, matrix, render } from "./render.ts";
import { missingTools } from "./tools.ts";

const Labels = z.record(z.string(), z.string());
const Selector = z.looseObject({ matchLabels: Labels });
const PolicyPorts = z.array(z.looseObject({ port: z.union([z.number(), z.string()]) }));
const Policy = z.looseObject({
  spec: z.looseObject({
    podSelector: Selector,
    policyTypes: z.array(z.string()),
    ingress: z.array(
      z.looseObject({
        ports: PolicyPorts,
        from: z.array(z.looseObject({ podSelector: Selector.optional() })).optional(),
      }),
    ),
    egress: z.array(z.looseObject({ ports: PolicyPorts })).default([]),
  }),
});
const Ingress = z.looseObject({
  spec: z.looseObject({
    rules: z.array(
      z.looseObject({
        host: z.string(),
        http: z.looseObject({
          paths: z.array(
            z.looseObject({
              path: z.string(),
              backend: z.looseObject({
                service: z.looseObject({ name: z.string(), port: z.looseObject({ name: z.string() }) }),
              }),
            }),
          ),
        }),
      }),
    ),
  }),
});
const HttpRoute = z.looseObject({
  spec: z.looseObject({
    hostnames: z.array(z.string()),
    rules: z.array(
      z.looseObject({
        matches: z.array(z.looseObject({ path: z.looseObject({ value: z.string() }) })),
        backendRefs: z.array(z.looseObject({ name: z.string(), port: z.number() })),
      }),
    ),
  }),
});
const Scaler = z.looseObject({ spec: z.looseObject({ scaleTargetRef: z.looseObject({ name: z.string() }) }) });
const Budget = z.looseObject({ spec: z.looseObject({ selector: Selector }) });
const Monitor = z.looseObject({
  spec: z.looseObject({
    selector: Selector,
    endpoints: z.array(
      z.looseObject({
        port: z.string(),
        path: z.string(),
        authorization: z.looseObject({ credentials: z.looseObject({ name: z.string(), key: z.string() }) }),
        relabelings: z.array(z.looseObject({ targetLabel: z.string().optional(), replacement: z.string().optional() })),
      }),
    ),
  }),
});

const publicService = (rendered: Rendered) =>
  only(rendered.services().filter(({ metadata }) => !metadata.name.endsWith("-private")));
const privateService = (rendered: Rendered) =>
  only(rendered.services().filter(({ metadata }) => metadata.name.endsWith("-private")));
const receiving = (rendered: Rendered) =>
  rendered.workloads().filter(({ spec }) => !mainContainer(spec.template.spec).args.includes("worker"));

function only<T>(list: readonly T[]): T {
  const [first] = list;
  if (first === undefined || list.length !== 1) throw new Error(`expected one, got ${list.length}`);
  return first;
}

/** The container ports behind a port of a Service, one for each workload it leads to. */
function reached(rendered: Rendered, service: Service, port: string | number): (number | undefined)[] {
  const target = service.spec.ports.find((each) => each.name === port || each.port === port)?.targetPort ?? "none";
  return rendered
    .workloads()
    .filter(({ spec }) => selects(service.spec.selector, spec.template.metadata.labels))
    .map(({ spec }) => portOf(mainContainer(spec.template.spec), target));
}

describe.skipIf(missingTools !== null)(`Wiring (${missingTools ?? "helm"})`, () => {
  describe.each(matrix)("%s", (name) => {
    const rendered = missingTools === null ? render(name) : null;
    if (rendered === null) return;

    test("workloads select their own pods only", () => {
      const workloads = rendered.workloads();
      for (const { spec } of workloads) {
        const selected = workloads.filter((each) =>
          selects(spec.selector.matchLabels, each.spec.template.metadata.labels),
        );
        expect(selected).toHaveLength(1);
        expect(selects(spec.selector.matchLabels, spec.template.metadata.labels)).toBe(true);
        for (const { labelSelector } of spec.template.spec.topologySpreadConstraints) {
          expect(labelSelector.matchLabels).toEqual(spec.selector.matchLabels);
        }
      }
    });

    test("the public Service leads to what receives, the private one to every pod, each to its port", () => {
      const open = publicService(rendered);
      expect(reached(rendered, open, "http")).toEqual(receiving(rendered).map(() => 8080));
      expect(open.spec.ports).toHaveLength(1);
      const closed = privateService(rendered);
      expect(reached(rendered, closed, "private")).toEqual(rendered.workloads().map(() => 9464));
      expect(closed.spec.ports).toHaveLength(1);
      expect(closed.spec.type).toBe("ClusterIP");
    });

    test("probes ask the private port, and stopping gets more time than Faultline takes", () => {
      for (const { spec } of rendered.workloads()) {
        const container = mainContainer(spec.template.spec);
        for (const [probe, path] of [
          [container.startupProbe, "/livez"],
          [container.livenessProbe, "/livez"],
          [container.readinessProbe, "/readyz"],
        ] as const) {
          expect(probe?.httpGet.path).toBe(path);
          expect(portOf(container, probe?.httpGet.port ?? "")).toBe(9464);
        }
        const timeout = container.env.find((each) => each.name === "SHUTDOWN_TIMEOUT")?.value ?? "";
        expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(Number.parseInt(timeout, 10));
      }
    });

    test("every mount has its volume, every volume its mount and its object", () => {
      const configMaps = rendered.objects
        .filter(({ kind }) => kind === "ConfigMap")
        .map(({ metadata }) => metadata.name);
      for (const { spec } of rendered.workloads()) {
        const { volumes } = spec.template.spec;
        const claims = spec.volumeClaimTemplates.map(({ metadata }) => metadata.name);
        const mounts = mainContainer(spec.template.spec).volumeMounts.map((each) => each.name);
        expect(new Set(mounts)).toEqual(new Set([...volumes.map((each) => each.name), ...claims]));
        expect(mounts).toHaveLength(volumes.length + claims.length);
        const config = volumes.find((each) => each.name === "config")?.configMap?.name;
        expect(config === undefined || configMaps.includes(config)).toBe(true);
        const service = spec.serviceName;
        expect(service === undefined || rendered.services().some(({ metadata }) => metadata.name === service)).toBe(
          true,
        );
      }
    });

    test("service account, scalers and budgets are those of the workloads", () => {
      const workloads = rendered.workloads();
      const accounts = rendered.objects
        .filter(({ kind }) => kind === "ServiceAccount")
        .map(({ metadata }) => metadata.name);
      for (const { spec } of workloads) {
        expect([...accounts, "default"]).toContain(spec.template.spec.serviceAccountName);
      }
      const scalers = [...rendered.all("HorizontalPodAutoscaler", Scaler), ...rendered.all("ScaledObject", Scaler)];
      for (const { spec } of scalers) {
        const target = workloads.find(({ metadata }) => metadata.name === spec.scaleTargetRef.name);
        expect(target).toBeDefined();
        // Else every upgrade would undo what the scaler did.
        expect(target?.spec.replicas).toBeUndefined();
      }
      for (const { spec } of rendered.all("PodDisruptionBudget", Budget)) {
        expect(
          workloads.filter((each) => selects(spec.selector.matchLabels, each.spec.template.metadata.labels)),
        ).toHaveLength(1);
      }
    });

    test("an Ingress and an HTTPRoute lead to the public port, and let only Twilio's paths through", () => {
      const service = publicService(rendered);
      for (const { spec } of rendered.all("Ingress", Ingress)) {
        for (const { host, http } of spec.rules) {
          expect(host).toMatch(/^[a-z]+\.example\.com$/);
          for (const { path, backend } of http.paths) {
            expect(path).toBe("/twilio");
            expect(backend.service.name).toBe(service.metadata.name);
            expect(reached(rendered, service, backend.service.port.name)).toContain(8080);
          }
        }
      }
      for (const { spec } of rendered.all("HTTPRoute", HttpRoute)) {
        expect(spec.hostnames).toEqual(["faultline.example.com"]);
        for (const { matches, backendRefs } of spec.rules) {
          expect(matches.filter(({ path }) => !path.value.endsWith("/twilio"))).toEqual([]);
          expect(backendRefs).toHaveLength(1);
          for (const { name: to, port } of backendRefs) {
            expect(to).toBe(service.metadata.name);
            expect(reached(rendered, service, port)).toContain(8080);
          }
        }
      }
    });

    test("a ServiceMonitor finds the private Service, with the token that the pods have, as the job faultline", () => {
      for (const { spec } of rendered.all("ServiceMonitor", Monitor)) {
        const found = rendered.services().filter(({ metadata }) => selects(spec.selector.matchLabels, metadata.labels));
        expect(found.map(({ metadata }) => metadata.name)).toEqual([privateService(rendered).metadata.name]);
        const endpoint = only(spec.endpoints);
        expect(reached(rendered, privateService(rendered), endpoint.port)).toContain(9464);
        expect(endpoint.path).toBe("/metrics");
        expect(endpoint.relabelings).toContainEqual(
          expect.objectContaining({ targetLabel: "job", replacement: "faultline" }),
        );
        const { name: secret, key } = endpoint.authorization.credentials;
        for (const { spec: workload } of rendered.workloads()) {
          const sources = workload.template.spec.volumes.flatMap(({ projected }) => projected?.sources ?? []);
          const token = sources.find((each) => each.secret.items.some(({ path }) => path === "admin-token"));
          expect(token?.secret.name).toBe(secret);
          expect(token?.secret.items[0]?.key).toBe(key);
        }
      }
    });

    test("network policies take the pods, name ports that they have, and let helm test in", () => {
      const policies = rendered.all("NetworkPolicy", Policy);
      if (policies.length === 0) return;
      const testLabels = rendered.testPod()?.labels ?? {};
      const closed: string[] = [];
      for (const { spec } of policies) {
        const taken = rendered
          .workloads()
          .filter((each) => selects(spec.podSelector.matchLabels, each.spec.template.metadata.labels));
        expect(taken.length).toBeGreaterThanOrEqual(1);
        for (const { ports, from } of spec.ingress) {
          for (const { port } of ports) {
            for (const each of taken) expect(portOf(mainContainer(each.spec.template.spec), port)).toBeDefined();
            if (from === undefined) continue;
            closed.push(String(port));
            if (spec.ingress.indexOf(only(spec.ingress.filter((rule) => rule.from === from))) > 0) continue;
            expect(
              from.some(({ podSelector }) => podSelector !== undefined && selects(podSelector.matchLabels, testLabels)),
            ).toBe(true);
          }
        }
      }
      expect(closed).toContain("private");
      const all = only(policies.filter(({ spec }) => spec.policyTypes.includes("Egress")));
      for (const { spec } of rendered.workloads())
        expect(selects(all.spec.podSelector.matchLabels, spec.template.metadata.labels)).toBe(true);
      const open = new Set(all.spec.egress.flatMap(({ ports }) => ports.map(({ port }) => port)));
      const scaled = rendered.workloads().length === 2;
      const wanted = scaled ? [53, 443, 5432, 6379, 9093, 4318] : [53, 443];
      for (const port of wanted) expect(open).toContain(port);
      expect(open.has(5432)).toBe(scaled);
    });

    test("nothing takes the pod of helm test for one of Faultline's", () => {
      const labels = rendered.testPod()?.labels;
      if (labels === undefined) return;
      for (const { spec } of rendered.services()) expect(selects(spec.selector, labels)).toBe(false);
      for (const { spec } of rendered.workloads()) expect(selects(spec.selector.matchLabels, labels)).toBe(false);
    });
  });

  test("a stopping pod keeps receiving until proxies know; a worker, whom nobody sends anything, does not wait", () => {
    const Stop = z.looseObject({ preStop: z.looseObject({ sleep: z.looseObject({ seconds: z.number() }) }) });
    const [ingest, worker] = render("scaled-values.yaml").workloads();
    expect(Stop.parse(ingest?.spec.template.spec.containers[0]?.lifecycle).preStop.sleep.seconds).toBe(5);
    expect(worker?.spec.template.spec.containers[0]?.lifecycle).toBeUndefined();
    expect(ingest?.spec.template.spec.terminationGracePeriodSeconds).toBe(5 + 20 + 10);
  });

  test("another configuration or credential makes other pods, the same one does not", () => {
    const sums = (values: object) =>
      render({ ...base, ...values })
        .workloads()
        .map(({ spec }) => JSON.stringify(spec.template.metadata.annotations));
    expect(sums({})).toEqual(sums({}));
    expect(sums({ config: { stormThreshold: 20 } })).not.toEqual(sums({ config: { stormThreshold: 21 } }));
    expect(sums({ adminToken: { value: "one" } })).not.toEqual(sums({ adminToken: { value: "two" } }));
  });

  test.each(["x", `r${"e".repeat(52)}`])(
    "names and labels stay within 63 characters with the release %s",
    (release) => {
      for (const name of ["everything-values.yaml", "everything-embedded-values.yaml"]) {
        for (const { kind, metadata } of render(name, { release }).objects) {
          expect(`${kind} ${metadata.name}`.length - kind.length - 1, metadata.name).toBeLessThanOrEqual(63);
          expect(metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
          for (const value of Object.values(metadata.labels))
            expect(value).toMatch(/^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/);
        }
        // Kubernetes adds a hash of ten digits to a StatefulSet's name for a label of its pods.
        for (const { kind, metadata } of render(name, { release }).workloads()) {
          if (kind === "StatefulSet") expect(metadata.name.length).toBeLessThanOrEqual(52);
        }
      }
    },
  );
});
