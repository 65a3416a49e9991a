import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { runTwilioCli } from "./twilio-cli.ts";

/** The two forms in which a remedy prints its command. */
export type Form = "command" | "curl";

const run = promisify(execFile);

/**
 * Carries out a command as a person would who pastes it into a shell: curl for real, with the simulated Twilio in the
 * place of Twilio; twilio-cli by an interpreter. Returns what went wrong, null when everything was carried out.
 */
export async function carryOut(
  form: Form,
  command: string,
  baseUrl: string,
  env: Readonly<Record<string, string>>,
): Promise<string | null> {
  if (form === "command") return await runTwilioCli(command, baseUrl, env);
  // What is printed goes to Twilio itself, and a refusal ends curl with success unless it is told otherwise.
  const script = `curl() { command curl --silent --show-error --fail-with-body "$@"; }\n${command}`;
  const here = script.replaceAll(/https:\/\/(?=[a-z-]+\.twilio\.com\/)/g, `${baseUrl}/`);
  try {
    await run("sh", ["-c", here], { env: { PATH: "/usr/local/bin:/usr/bin:/bin", ...env }, timeout: 10_000 });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : "the shell failed";
  }
}
