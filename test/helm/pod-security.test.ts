import { describe, expect, test } from "vitest";
import { z } from "zod";
import { podSecurityViolations } from "./pod-security.ts";
import { matrix, render } from "./render.ts";
import { missingTools } from "./tools.ts";

const good = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  containers: [{ name: "c", securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } }],
};
const container = (more: object, context: object = {}) => ({
  ...good,
  containers: [
    { ...good.containers[0], ...more, securityContext: { ...good.containers[0]?.securityContext, ...context } },
  ],
});

describe("The check of pod security", () => {
  test("has nothing against a pod as the standard wants it", () => {
    expect(podSecurityViolations(good)).toEqual([]);
  });

  test.each([
    ["the host's network", { ...good, hostNetwork: true }],
    [
      "an unsafe sysctl",
      { ...good, securityContext: { ...good.securityContext, sysctls: [{ name: "kernel.msgmax" }] } },
    ],
    ["a folder of the host", { ...good, volumes: [{ name: "v", hostPath: { path: "/" } }] }],
    ["a root user", { ...good, securityContext: { ...good.securityContext, runAsUser: 0 } }],
    ["no word on root", { ...good, securityContext: { seccompProfile: { type: "RuntimeDefault" } } }],
    ["no seccomp profile", { ...good, securityContext: { runAsNonRoot: true } }],
    ["an unconfined seccomp profile", container({}, { seccompProfile: { type: "Unconfined" } })],
    ["privilege escalation", container({}, { allowPrivilegeEscalation: undefined })],
    ["a privileged container", container({}, { privileged: true })],
    ["capabilities", container({}, { capabilities: { drop: ["ALL"], add: ["SYS_ADMIN"] } })],
    ["capabilities that stay", container({}, { capabilities: { drop: ["KILL"] } })],
    ["a port of the host", container({ ports: [{ hostPort: 80 }] })],
    ["a probe of another host", container({ livenessProbe: { httpGet: { host: "10.0.0.1" } } })],
    ["an own /proc", container({}, { procMount: "Unmasked" })],
    ["no AppArmor", container({}, { appArmorProfile: { type: "Unconfined" } })],
    ["a Windows host process", container({}, { windowsOptions: { hostProcess: true } })],
    ["an SELinux type", container({}, { seLinuxOptions: { type: "spc_t" } })],
    ["a bad init container", { ...good, initContainers: [{ name: "i" }] }],
  ])("finds %s", (_, pod) => {
    expect(podSecurityViolations(pod)).not.toEqual([]);
  });
});

describe.skipIf(missingTools !== null)(`Pods of the chart (${missingTools ?? "helm"})`, () => {
  test.each(matrix)("%s: satisfy the restricted standard, and more", (name) => {
    const pods = render(name).pods();
    expect(pods.length).toBeGreaterThanOrEqual(1);
    for (const { spec } of pods) {
      expect(podSecurityViolations(spec)).toEqual([]);
      const Hardened = z.looseObject({
        automountServiceAccountToken: z.literal(false),
        enableServiceLinks: z.literal(false),
        securityContext: z.looseObject({ runAsUser: z.literal(10001), fsGroup: z.literal(10001) }),
        containers: z.array(
          z.looseObject({ securityContext: z.looseObject({ readOnlyRootFilesystem: z.literal(true) }) }),
        ),
      });
      expect(Hardened.safeParse(spec).error).toBeUndefined();
    }
  });
});
