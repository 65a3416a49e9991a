import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, posix, relative } from "node:path";

/*
 * As much of a Dockerfile as ours uses, read and carried out without a container engine: each stage is a folder. What it
 * does not know it refuses. Source: https://docs.docker.com/reference/dockerfile/
 */

/** One instruction, continuation lines joined. */
export interface Instruction {
  readonly name: string;
  readonly flags: Readonly<Record<string, string>>;
  readonly text: string;
}

/** What an image says about itself. */
export interface ImageConfig {
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  readonly user: string;
  readonly command: readonly string[];
  readonly health: readonly string[];
}

/** Reads the instructions of a Dockerfile. */
export function readDockerfile(text: string): Instruction[] {
  const lines = text.split("\n").filter((line) => !/^\s*(#|$)/.test(line));
  const whole = lines.join("\n").replaceAll(/\\\n\s*/g, " ");
  return whole.split("\n").map((line) => {
    const [, name = "", rest = ""] = /^([A-Z]+)\s+(.*)$/.exec(line.trim()) ?? [];
    const flags = /^(?:--[a-z-]+=\S+\s+)*/.exec(rest)?.[0] ?? "";
    return { name, flags: Object.fromEntries(flags.trim().split(/\s+/).flatMap(flag)), text: rest.slice(flags.length) };
  });
}

function flag(text: string): [string, string][] {
  const [, name = "", value = ""] = /^--([a-z-]+)=(.*)$/.exec(text) ?? [];
  return name === "" ? [] : [[name, value]];
}

/** An exec form such as `["node", "a.ts"]`. */
export function execForm(text: string): string[] {
  const parsed: unknown = JSON.parse(text);
  if (!Array.isArray(parsed)) throw new Error(`expected the exec form, a JSON list, got ${text}`);
  return parsed.map(String);
}

/** Whether .dockerignore keeps a path of the context away from the builder: the last line that matches decides. */
export function isIgnored(patterns: readonly string[], path: string): boolean {
  const segments = path.split("/");
  return patterns.reduce((ignored, line) => {
    const pattern = line.replace(/^!/, "");
    if (/[?[]|\*\*|.\*|\*./.test(pattern)) throw new Error(`.dockerignore: ${line} is more than this reader knows`);
    const parts = pattern.split("/");
    const matches = parts.every(
      (part, index) => segments[index] !== undefined && (part === "*" || part === segments[index]),
    );
    return matches ? !line.startsWith("!") : ignored;
  }, false);
}

/** The patterns of a .dockerignore. */
export function ignorePatterns(text: string): string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

/** Carries out a Dockerfile below `folder`; the last stage's folder is the root of what the image adds to its base. */
export function buildImage(options: {
  readonly context: string;
  readonly folder: string;
  /** With the folder of the Node to use first in PATH. */
  readonly env: Readonly<Record<string, string | undefined>>;
}): { root: string; config: ImageConfig } {
  const { context, folder } = options;
  const patterns = ignorePatterns(readFileSync(join(context, ".dockerignore"), "utf8"));
  const roots = new Map<string, string>();
  let root = "";
  let workdir = "/";
  let env: Record<string, string> = {};
  let user = "0";
  let command: string[] = [];
  let health: string[] = [];
  const within = (path: string) => join(root, posix.resolve(workdir, path));

  function copy({ flags, text }: Instruction): void {
    const words = text.split(/\s+/);
    const target = words.pop() ?? "";
    const from = flags.from === undefined ? context : roots.get(flags.from);
    if (from === undefined) throw new Error(`COPY: no stage ${flags.from}`);
    for (const word of words) {
      const source = join(from, word);
      const intoFolder = statSync(source).isFile() && target.endsWith("/");
      cpSync(source, intoFolder ? join(within(target), basename(source)) : within(target), {
        recursive: true,
        verbatimSymlinks: true,
        filter: (path) => from !== context || !isLeftOut(patterns, relative(context, path), path),
      });
    }
  }

  for (const instruction of readDockerfile(readFileSync(join(context, "Dockerfile"), "utf8"))) {
    const { name, text } = instruction;
    switch (name) {
      case "FROM": {
        const [, stage = String(roots.size)] = /\sAS\s(\S+)$/.exec(text) ?? [];
        root = join(folder, `stage-${roots.size}`);
        roots.set(stage, root);
        mkdirSync(root, { recursive: true });
        [workdir, env, user, command, health] = ["/", {}, "0", [], []];
        break;
      }
      case "WORKDIR":
        workdir = posix.resolve(workdir, text);
        mkdirSync(within("."), { recursive: true });
        break;
      case "COPY":
        copy(instruction);
        break;
      case "RUN":
        // The only absolute paths that ours names are the image's own.
        execFileSync("sh", ["-euc", runnable(text.replaceAll(/(?<=\s)\/(?=[a-z])/g, `${root}/`))], {
          cwd: within("."),
          env: { ...options.env, ...env },
          stdio: ["ignore", "ignore", "pipe"],
          timeout: 240_000,
        });
        break;
      case "ENV":
        for (const [, key = "", value = ""] of text.matchAll(/(\w+)=(\S+)/g)) env[key] = value;
        break;
      case "USER":
        user = text;
        break;
      case "CMD":
        command = execForm(text);
        break;
      case "HEALTHCHECK":
        health = execForm(text.replace(/^CMD\s+/, ""));
        break;
      case "ENTRYPOINT":
        if (text !== "[]") throw new Error(`ENTRYPOINT: expected none, got ${text}`);
        break;
      case "ARG":
      case "LABEL":
      case "VOLUME":
      case "EXPOSE":
      case "STOPSIGNAL":
        break;
      default:
        throw new Error(`${name} is more than this reader knows`);
    }
  }
  return { root, config: { env, workdir, user, command, health } };
}

/** A folder is entered when a later line may bring back something of it. */
function isLeftOut(patterns: readonly string[], path: string, file: string): boolean {
  if (path === "" || !isIgnored(patterns, path)) return false;
  return !(statSync(file).isDirectory() && patterns.some((line) => line.startsWith(`!${path}/`)));
}

/** Only root can give a folder to somebody. */
function runnable(command: string): string {
  return process.getuid?.() === 0 ? command : command.replaceAll(/ -[og] \d+/g, "");
}

/** Every file below a folder, with its size and mode. */
export function filesBelow(folder: string): { path: string; bytes: number; mode: number }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const { size, mode } = statSync(file);
      return { path: relative(folder, file), bytes: size, mode };
    });
}
