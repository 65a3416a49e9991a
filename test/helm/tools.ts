import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** How the programs are installed. `.ci/run` reads these lines. */
const install = {
  helm: "go install helm.sh/helm/v3/cmd/helm@v3.22.0",
  kubeconform: "go install github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0",
} as const;
type Program = keyof typeof install;

/** How a run ended. */
export interface Ran {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What is missing here, as the end of a test's name; null when nothing is. In CI (CI=true) a missing program is an error. */
export const missingTools: string | null = missing();

/** Runs one of the programs to its end. */
export function run(program: Program, args: readonly string[], input = ""): Ran {
  const path = find(program);
  if (path === null) throw new Error(`expected ${program}, got none. Fix: ${install[program]}`);
  const { status, stdout, stderr } = spawnSync(path, args, {
    input,
    encoding: "utf8",
    timeout: 60_000,
    maxBuffer: 2 ** 26,
  });
  return { exitCode: status, stdout, stderr };
}

function missing(): string | null {
  const commands = (["helm", "kubeconform"] as const)
    .filter((name) => find(name) === null)
    .map((name) => install[name]);
  if (commands.length === 0) return null;
  if (process.env.CI === "true")
    throw new Error(`CI: expected helm and kubeconform to be installed: ${commands.join("; ")}`);
  return `skipped, needs: ${commands.join("; ")}`;
}

/** In FAULTLINE_TOOLS, on PATH, or where Go puts programs. */
function find(program: Program): string | null {
  const { FAULTLINE_TOOLS: own, GOBIN, PATH = "" } = process.env;
  const folders = [own, GOBIN, ...PATH.split(delimiter), goFolder(), join(homedir(), "go", "bin")];
  return folders.flatMap((folder) => (folder ? [join(folder, program)] : [])).find((path) => existsSync(path)) ?? null;
}

function goFolder(): string {
  try {
    const path = execFileSync("go", ["env", "GOPATH"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    return join(path, "bin");
  } catch {
    return "";
  }
}
