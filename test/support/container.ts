import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { ImageConfig } from "./dockerfile.ts";
import { until } from "./until.ts";

/*
 * Runs what an image would run, without a container engine. As root on Linux in namespaces of its own, as an engine does:
 * the image's paths, the root file system read-only, a volume at /data, a fresh /tmp, process 1, the image's user. Where
 * that is not allowed: as a plain process with the paths of the folder, and with another user only as root.
 */

const asRoot = process.getuid?.() === 0;

/** Whether namespaces of its own are allowed here. */
export const isolated = asRoot && canUnshare();

function canUnshare(): boolean {
  try {
    execFileSync("unshare", ["--mount", "--pid", "--fork", "sh", "-c", "mount -t tmpfs none /mnt"], {
      stdio: "ignore",
    });
    return true;
  } catch {
    return false;
  }
}

/** What is run of an image, and where its volume is. */
export interface ContainerOptions {
  readonly root: string;
  readonly config: ImageConfig;
  /** The folder that is /data, kept over starts. */
  readonly data: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the image's own. */
  readonly command?: readonly string[];
}

/** A running process of an image. */
export interface Container {
  output(): string;
  readonly running: boolean;
  /** The most memory it has had so far, in MB (Linux only). */
  memoryAtMost(): Promise<number>;
  signal(name: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** The exit code once it has ended; rejects after `timeoutMs`. */
  ended(timeoutMs: number): Promise<number | null>;
}

/** Puts into a built root what its base has: the Node of these tests, and mount points. */
export function layOnBase(root: string): void {
  const node = join(root, "node/bin/node");
  mkdirSync(dirname(node), { recursive: true });
  try {
    linkSync(process.execPath, node);
  } catch {
    copyFileSync(process.execPath, node);
  }
  if (!isolated) return;
  for (const name of ["usr", "etc", "dev", "proc", "tmp"]) mkdirSync(join(root, name), { recursive: true });
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    const here = `/${name}`;
    if (!existsSync(here)) continue;
    if (lstatSync(here).isSymbolicLink()) symlinkSync(readlinkSync(here), join(root, name));
    else mkdirSync(join(root, name), { recursive: true });
  }
}

/** The root file system read-only, the base's folders and the volume in it; then the command as process 1. */
const enter = `
mount --bind "$ROOT" "$ROOT"
for name in usr etc dev bin sbin lib lib64; do
  [ -d "/$name" ] && [ ! -L "/$name" ] && mount --rbind "/$name" "$ROOT/$name"
done
mount -t proc proc "$ROOT/proc"
mount -t tmpfs tmpfs "$ROOT/tmp"
mount --bind "$DATA" "$ROOT/data"
mount -o remount,bind,ro "$ROOT"
mount -o remount,bind,ro "$ROOT/usr"
mount -o remount,bind,ro "$ROOT/etc"
exec chroot --userspec="$IMAGE_USER" --groups="\${IMAGE_USER#*:}" "$ROOT" /usr/bin/env -i -C "$WORKDIR" "$@"
`;

/** Starts the command of an image with its environment, its user and its volume. */
export function startContainer({
  root,
  config,
  data,
  env = {},
  command = config.command,
}: ContainerOptions): Container {
  // HOME as engines set it for a user without a name.
  const environment = { PATH: "/node/bin:/usr/bin:/bin", HOME: "/", ...config.env, ...env };
  const child = isolated
    ? spawn(
        "unshare",
        ["--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", enter, "sh", ...pairs(environment), ...command],
        {
          env: { PATH: process.env.PATH, ROOT: root, DATA: data, IMAGE_USER: config.user, WORKDIR: config.workdir },
          stdio: ["ignore", "pipe", "pipe"],
        },
      )
    : plain({ root, config, data, command }, environment);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
  }
  const closed = once(child, "close");
  const running = () => child.exitCode === null && child.signalCode === null;
  return {
    output: () => output,
    get running() {
      return running();
    },
    async memoryAtMost() {
      const status = readFileSync(`/proc/${await processOf(child)}/status`, "utf8");
      return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
    },
    async signal(name) {
      if (running()) process.kill(await processOf(child), name);
    },
    async ended(timeoutMs) {
      const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
      await closed;
      clearTimeout(timer);
      if (child.signalCode === "SIGKILL") throw new Error(`expected an end within ${timeoutMs} ms:\n${output}`);
      return child.exitCode;
    },
  };
}

function plain(
  { root, config, data, command }: Required<Omit<ContainerOptions, "env">>,
  environment: Record<string, string>,
): ChildProcess {
  const [uid, gid] = config.user.split(":").map(Number);
  const env = { ...environment, PATH: `${root}/node/bin:/usr/bin:/bin`, DATA_DIR: data };
  return spawn(command[0] ?? "", command.slice(1), {
    cwd: join(root, config.workdir),
    env,
    stdio: ["ignore", "pipe", "pipe"],
    ...(asRoot && uid !== undefined && gid !== undefined && { uid, gid }),
  });
}

function pairs(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment).map(([name, value]) => `${name}=${value}`);
}

/** The process itself: unshare only waits for it. */
async function processOf({ pid = 0 }: ChildProcess): Promise<number> {
  if (!isolated) return pid;
  return await until("the process in its namespace", 15_000, () => {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
    return child === undefined || Number.isNaN(child) || child === 0 ? null : child;
  });
}

/** Nobody may write to a tree, and everybody may look for it. */
export function makeReadOnly(root: string): void {
  execFileSync("chmod", ["-R", "a-w", root]);
  for (let folder = dirname(root); folder !== dirname(folder); folder = dirname(folder)) {
    if (asRoot && folder.startsWith("/tmp/")) chmodSync(folder, 0o755);
  }
}
