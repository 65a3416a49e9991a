import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { freePort } from "./redis.ts";
import { until } from "./until.ts";

const program = "prometheus";

/** Whether a Prometheus can be started here. In CI (CI=true) a missing one is an error. */
export function prometheusAvailable(): boolean {
  try {
    for (const each of [program, "promtool"]) execFileSync(each, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    if (process.env.CI === "true") {
      throw new Error(`CI: expected ${program} and promtool to be installed; apt-get install ${program}`);
    }
    return false;
  }
}

/** Runs promtool to its end, `input` on its stdin. */
export function promtool(args: readonly string[], input = ""): { exitCode: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync("promtool", args, { input, encoding: "utf8", timeout: 30_000 });
  return { exitCode: status, output: stdout + stderr };
}

const Labels = z.record(z.string(), z.string());
const Point = z.tuple([z.number(), z.string()]);
const Answer = z.object({ status: z.string(), data: z.unknown(), error: z.string().optional() });
const Vector = z.object({
  resultType: z.literal("vector"),
  result: z.array(z.object({ metric: Labels, value: Point })),
});
const Scalar = z.object({ resultType: z.enum(["scalar", "string"]), result: Point });
const Matrix = z.object({ result: z.array(z.object({ metric: Labels, values: z.array(Point) })) });
const Target = z.object({ labels: Labels, scrapeUrl: z.string(), health: z.string(), lastError: z.string() });
const Rule = z.object({
  name: z.string(),
  query: z.string(),
  type: z.enum(["alerting", "recording"]),
  health: z.string(),
  lastError: z.string().optional(),
  state: z.enum(["inactive", "pending", "firing"]).optional(),
  alerts: z.array(z.object({ labels: Labels, annotations: Labels, state: z.string() })).default([]),
});
const RuleGroups = z.object({ groups: z.array(z.object({ name: z.string(), rules: z.array(Rule) })) });

/** One series of the answer to a query at one moment. */
export interface SampledValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One series of the answer to a query over a time. */
export interface SampledSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly number[];
}

/** What is asked of a Prometheus. https://prometheus.io/docs/prometheus/latest/querying/api/ */
export interface PrometheusClient {
  readonly url: string;
  /** The series an expression gives now. Rejects with Prometheus's own words when it cannot be evaluated. */
  query(expr: string): Promise<SampledValue[]>;
  /** The series an expression gives over the last `seconds`, a value every `step` seconds. */
  queryRange(expr: string, seconds: number, step: number): Promise<SampledSeries[]>;
  /** The values of a label among the series a selector finds, as Grafana asks for the values of a variable. */
  labelValues(label: string, selector: string): Promise<string[]>;
  /** The rules of all groups, with their state. */
  rules(): Promise<z.output<typeof Rule>[]>;
  targets(): Promise<z.output<typeof Target>[]>;
}

/** A private Prometheus. */
export interface RunningPrometheus extends PrometheusClient {
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Talks to the Prometheus at `url`. */
export function prometheusClient(url: string): PrometheusClient {
  async function get(path: string, parameters: Record<string, string> = {}): Promise<unknown> {
    // By POST where it is a query: expressions may be long.
    const isQuery = path.startsWith("query");
    const body = new URLSearchParams(parameters);
    const response = isQuery
      ? await fetch(`${url}/api/v1/${path}`, { method: "POST", body })
      : await fetch(`${url}/api/v1/${path}?${body}`);
    const answer = Answer.parse(await response.json());
    if (answer.status === "success") return answer.data;
    throw new Error(`Prometheus: ${answer.error ?? response.status}: ${JSON.stringify(parameters)}`);
  }

  return {
    url,
    async query(expr) {
      const data = z.union([Vector, Scalar]).parse(await get("query", { query: expr }));
      if (data.resultType !== "vector") return [{ labels: {}, value: Number(data.result[1]) }];
      return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    async queryRange(expr, seconds, step) {
      const end = Date.now() / 1000;
      const time = { start: String(end - seconds), end: String(end), step: String(step) };
      const { result } = Matrix.parse(await get("query_range", { query: expr, ...time }));
      return result.map(({ metric, values }) => ({ labels: metric, values: values.map(([, value]) => Number(value)) }));
    },
    async labelValues(label, selector) {
      return z.array(z.string()).parse(await get(`label/${label}/values`, { "match[]": selector }));
    },
    async rules() {
      return RuleGroups.parse(await get("rules")).groups.flatMap((group) => group.rules);
    },
    async targets() {
      return z.object({ activeTargets: z.array(Target) }).parse(await get("targets", { state: "active" }))
        .activeTargets;
    },
  };
}

/**
 * Starts a Prometheus on a free port, in a folder of its own. `config` is the text of prometheus.yml; `files` are written
 * beside it, by name, for `rule_files` and the like.
 */
export async function startPrometheus(options: {
  readonly config: string;
  readonly files?: Readonly<Record<string, string>>;
  /** What it has scraped before, as OpenMetrics text with timestamps. */
  readonly past?: string;
  /** More of its command line. */
  readonly flags?: readonly string[];
}): Promise<RunningPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), "faultline-prometheus-"));
  for (const [name, text] of Object.entries({ ...options.files, "prometheus.yml": options.config })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  if (options.past !== undefined) await backfill(options.past, folder);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    program,
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
      ...(options.flags ?? []),
    ],
    { cwd: folder, stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-4_000);
  });
  const endWithUs = () => void child.kill("SIGKILL");
  process.once("exit", endWithUs);

  async function stop(): Promise<void> {
    process.off("exit", endWithUs);
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
    await rm(folder, { recursive: true, force: true });
  }

  try {
    const state = await until(`${program} to be ready`, 30_000, async () => {
      if (child.exitCode !== null) return "ended";
      return (await fetch(`${url}/-/ready`)).ok && "ready";
    });
    if (state === "ended") throw new Error(`it ended with ${child.exitCode}`);
  } catch (error) {
    await stop();
    throw new Error(`${program} did not start; it said: ${said}`, { cause: error });
  }
  return { ...prometheusClient(url), stop };
}

/** https://prometheus.io/docs/prometheus/latest/storage/#backfilling-from-openmetrics-format */
async function backfill(past: string, folder: string): Promise<void> {
  const file = join(folder, "past.txt");
  await writeFile(file, past);
  const { exitCode, output } = promtool(["tsdb", "create-blocks-from", "openmetrics", file, join(folder, "data")]);
  if (exitCode !== 0) throw new Error(`promtool did not take the past; it said: ${output}`);
}
