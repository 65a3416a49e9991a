import { z } from "zod";

/*
 * The restricted Pod Security Standard with all of the baseline it includes, control by control:
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */

const Seccomp = z.looseObject({ type: z.string() });
const SeLinux = z.looseObject({
  type: z.string().optional(),
  user: z.string().optional(),
  role: z.string().optional(),
});
const Common = {
  seccompProfile: Seccomp.optional(),
  seLinuxOptions: SeLinux.optional(),
  appArmorProfile: Seccomp.optional(),
  windowsOptions: z.looseObject({ hostProcess: z.boolean().optional() }).optional(),
  runAsNonRoot: z.boolean().optional(),
  runAsUser: z.number().optional(),
};
const ContainerContext = z.looseObject({
  ...Common,
  privileged: z.boolean().optional(),
  allowPrivilegeEscalation: z.boolean().optional(),
  procMount: z.string().optional(),
  readOnlyRootFilesystem: z.boolean().optional(),
  capabilities: z
    .looseObject({ add: z.array(z.string()).default([]), drop: z.array(z.string()).default([]) })
    .optional(),
});
const Handler = z.looseObject({
  httpGet: z.looseObject({ host: z.string().optional() }).optional(),
  tcpSocket: z.looseObject({ host: z.string().optional() }).optional(),
});
const Container = z.looseObject({
  name: z.string(),
  securityContext: ContainerContext.default({}),
  ports: z.array(z.looseObject({ hostPort: z.number().optional() })).default([]),
  livenessProbe: Handler.optional(),
  readinessProbe: Handler.optional(),
  startupProbe: Handler.optional(),
  lifecycle: z.looseObject({ preStop: Handler.optional(), postStart: Handler.optional() }).optional(),
});
const Pod = z.looseObject({
  hostNetwork: z.boolean().optional(),
  hostPID: z.boolean().optional(),
  hostIPC: z.boolean().optional(),
  securityContext: z
    .looseObject({ ...Common, sysctls: z.array(z.looseObject({ name: z.string() })).default([]) })
    .default({ sysctls: [] }),
  volumes: z.array(z.looseObject({ name: z.string() })).default([]),
  containers: z.array(Container),
  initContainers: z.array(Container).default([]),
  ephemeralContainers: z.array(Container).default([]),
});

const volumeKinds = "configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret".split(
  " ",
);
const seLinuxTypes = [undefined, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
const safeSysctls =
  "kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.ip_unprivileged_port_start net.ipv4.tcp_syncookies net.ipv4.ping_group_range net.ipv4.ip_local_reserved_ports net.ipv4.tcp_keepalive_time net.ipv4.tcp_fin_timeout net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes net.ipv4.tcp_rmem net.ipv4.tcp_wmem".split(
    " ",
  );

/** What keeps a pod out of a namespace that enforces the restricted standard. */
export function podSecurityViolations(spec: unknown): readonly string[] {
  const pod = Pod.parse(spec);
  const found: string[] = [];
  const check = (right: boolean, what: string) => {
    if (!right) found.push(what);
  };
  for (const key of ["hostNetwork", "hostPID", "hostIPC"] as const) check(pod[key] !== true, key);
  for (const { name } of pod.securityContext.sysctls) check(safeSysctls.includes(name), `sysctl ${name}`);
  for (const volume of pod.volumes) {
    const kinds = Object.keys(volume).filter((key) => key !== "name");
    check(kinds.length === 1 && volumeKinds.includes(kinds[0] ?? ""), `volume ${volume.name}: ${kinds.join()}`);
  }
  for (const container of [...pod.containers, ...pod.initContainers, ...pod.ephemeralContainers]) {
    for (const what of containerViolations(container, pod.securityContext)) found.push(`${container.name}: ${what}`);
  }
  return found;
}

type Contexts = z.infer<typeof Pod>["securityContext"];

function* containerViolations(container: z.infer<typeof Container>, pod: Contexts): Generator<string> {
  const own = container.securityContext;
  if (own.privileged === true) yield "privileged";
  if (own.allowPrivilegeEscalation !== false) yield "allowPrivilegeEscalation";
  if (own.capabilities?.drop.includes("ALL") !== true) yield "capabilities not dropped";
  if (own.capabilities?.add.some((name) => name !== "NET_BIND_SERVICE") === true) yield "capabilities added";
  if (![undefined, "Default"].includes(own.procMount)) yield "procMount";
  if ((own.runAsNonRoot ?? pod.runAsNonRoot) !== true) yield "runAsNonRoot";
  if (own.runAsUser === 0 || pod.runAsUser === 0) yield "runAsUser 0";
  if (!["RuntimeDefault", "Localhost"].includes((own.seccompProfile ?? pod.seccompProfile)?.type ?? ""))
    yield "seccomp";
  for (const context of [own, pod]) {
    const { seLinuxOptions: seLinux, appArmorProfile, windowsOptions } = context;
    if (!seLinuxTypes.includes(seLinux?.type) || seLinux?.user || seLinux?.role) yield "SELinux";
    if (appArmorProfile?.type === "Unconfined") yield "AppArmor";
    if (windowsOptions?.hostProcess === true) yield "hostProcess";
  }
  if (container.ports.some(({ hostPort }) => hostPort !== undefined && hostPort !== 0)) yield "hostPort";
  const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
  for (const handler of [livenessProbe, readinessProbe, startupProbe, lifecycle?.preStop, lifecycle?.postStart]) {
    if (handler?.httpGet?.host || handler?.tcpSocket?.host) yield "host of a probe";
  }
}
