import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { z } from "zod";
import type { RequestFile } from "./request-file.ts";

/** What a load generator saw. */
export const Load = z.object({
  /** Answers of any status. */
  answered: z.number(),
  /** Answers of 400 and above. */
  refused: z.number(),
  /** Connections that failed and answers that took too long. */
  broken: z.number(),
  /** Requests written, answered or not. */
  sent: z.number(),
  /** How often the file was begun again. */
  rounds: z.number(),
  seconds: z.number(),
  /** Times to answer, in milliseconds. */
  p50: z.number(),
  p99: z.number(),
  max: z.number(),
});
export type Load = z.infer<typeof Load>;

/** What sends: wrk where it is installed, else a generator of our own, which takes more of the machine. */
export type GeneratorName = "wrk" | "node";

/** `wrk` when it is installed. */
export function generatorHere(): GeneratorName {
  return spawnSync("wrk", ["-v"], { stdio: "ignore" }).error === undefined ? "wrk" : "node";
}

/** Sends a file of requests for so many whole seconds over kept-alive connections, each waiting for its answer. */
export async function sendLoad(
  generator: GeneratorName,
  port: number,
  file: RequestFile,
  how: { readonly seconds: number; readonly connections: number },
): Promise<Load> {
  const [seconds, connections] = [String(how.seconds), String(how.connections)];
  const script = (name: string) => new URL(name, import.meta.url).pathname;
  const wrk = `-t 1 -c ${connections} -d ${seconds} --timeout 15s`.split(" ");
  const args =
    generator === "wrk"
      ? [...wrk, "-s", script("wrk.lua"), `http://127.0.0.1:${port}/`, file.path]
      : [script("node-load.ts"), String(port), file.path, seconds, connections];
  const child = spawn(generator === "wrk" ? "wrk" : process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await once(child, "close");
  const line = text.split("\n").find((each) => each.startsWith("{"));
  if (line === undefined) throw new Error(`${generator}: expected its figures, got:\n${text}`);
  return Load.parse(JSON.parse(line));
}
