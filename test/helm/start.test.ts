import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { useFaultlines } from "../support/faultline.ts";
import { mainContainer, Rendered } from "./objects.ts";
import { base, chart, parse, render, type Values, withValues } from "./render.ts";
import { settingsIn } from "./settings.ts";
import { missingTools, run } from "./tools.ts";

const faultlines = useFaultlines();

/** Runs what the pod of `helm test` runs, its Services' addresses replaced. */
async function helmTest(publicPort: number, adminPort: number): Promise<{ exitCode: number | null; output: string }> {
  const spec = render("embedded-values.yaml").testPod()?.spec;
  if (spec === undefined) throw new Error("expected a pod of helm test, got none");
  const { command, args } = mainContainer(spec);
  const script = args
    .join("\n")
    .replaceAll("http://my-faultline-private:9464", `http://127.0.0.1:${adminPort}`)
    .replaceAll("http://my-faultline:80", `http://127.0.0.1:${publicPort}`);
  expect(script).not.toContain("my-faultline");
  expect(command).toEqual(["node", "--eval"]);
  const child = spawn(process.execPath, ["--eval", script], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
  }
  await once(child, "close");
  return { exitCode: child.exitCode, output };
}

describe.skipIf(missingTools !== null)(`An installation (${missingTools ?? "helm"})`, () => {
  test("Faultline starts with the environment and files of the embedded pod, and helm test finds it well", async () => {
    const rendered = render("everything-embedded-values.yaml");
    const [workload] = rendered.workloads();
    if (workload === undefined) throw new Error("expected a workload, got none");
    const { env, files } = settingsIn(rendered, workload);
    const folder = faultlines.folder();
    for (const [path, text] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const moved = Object.entries(env).map(([name, value]) => [
      name,
      value.replace(/^\/(etc|data)\b/, join(folder, "$1")),
    ]);
    const started = await faultlines.start({
      ...Object.fromEntries(moved),
      // As given by the tests' own defaults elsewhere: here it comes from files, and with neither port taken.
      TWILIO_AUTH_TOKEN: "",
      FAULTLINE_SECRET: "",
      HOST: "127.0.0.1",
      ADMIN_HOST: "127.0.0.1",
      PORT: "0",
      ADMIN_PORT: "0",
    });
    const { exitCode, output } = await helmTest(started.publicPort, started.adminPort);
    expect(output).toBe(
      [
        "ready: expected 200, got 200",
        "metrics without the token: expected 401, got 401",
        "metrics on the public port: expected 404, got 404",
        "unsigned delivery: expected 401, got 401\n",
      ].join("\n"),
    );
    expect(exitCode).toBe(0);
    // Nobody is where the public port should be: helm test says so.
    expect((await helmTest(started.adminPort, started.adminPort)).exitCode).toBe(1);
    await started.stop();
    expect((await helmTest(started.publicPort, started.adminPort)).exitCode).toBe(1);
  });

  test("tells what to give to Twilio, and what to do next", () => {
    const notes = notesOf({ ...base, publicUrl: "https://faultline.example.com/hooks" });
    expect(notes).toContain("https://faultline.example.com/hooks/twilio/debugger ");
    expect(notes).toContain("https://faultline.example.com/hooks/twilio/events ");
    expect(notes).toContain("helm test my --namespace twilio");
    expect(notes).toContain("exec statefulset/my-faultline -- node src/main.ts check\n");
    expect(notes).toContain("Nothing leads there yet");
    expect(notes).toContain("Nobody is told of incidents");
    expect(notes).toContain("Off: serviceMonitor prometheusRule dashboards");
    expect(notes).not.toContain("WARNING");
  });

  test("warns of a database that is not kept, and says nothing of what is set", () => {
    const forgetful = notesOf({ ...base, embedded: { persistence: { enabled: false } } });
    expect(forgetful).toContain("WARNING: without embedded.persistence.enabled everything is forgotten");
    const notes = notesOf({
      ...base,
      mode: "scaled",
      slack: { enabled: true },
      ingress: { enabled: true },
      networkPolicy: { enabled: true },
      serviceMonitor: { enabled: true },
      prometheusRule: { enabled: true },
      dashboards: { enabled: true },
    });
    expect(notes).toContain("exec deploy/my-faultline-ingest -- node src/main.ts check --send-test\n");
    expect(notes).not.toMatch(/WARNING|Nothing leads|Nobody is told|Off:/);
  });
});

/** The notes of an installation. `helm template` leaves them out, so they are put into an object. */
function notesOf(values: Values): string {
  const folder = mkdtempSync(join(tmpdir(), "faultline-chart-"));
  try {
    cpSync(chart, folder, { recursive: true });
    const notes = readFileSync(join(folder, "templates", "NOTES.txt"), "utf8");
    const object =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: notes }\ndata: { notes: {{ include "notes" . | toJson }} }\n';
    writeFileSync(join(folder, "templates", "notes.yaml"), `{{- define "notes" -}}\n${notes}\n{{- end -}}\n${object}`);
    const only = ["--show-only", "templates/notes.yaml", "--kube-version", "1.30.0"];
    const { stdout, stderr } = withValues(values, (file) =>
      run("helm", ["template", "my", folder, "--namespace", "twilio", "--values", file, ...only]),
    );
    expect(stderr).toBe("");
    const [found] = new Rendered(parse(stdout)).all(
      "ConfigMap",
      z.looseObject({ data: z.record(z.string(), z.string()) }),
    );
    return `${found?.data.notes}\n`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
