import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";

const root = join(import.meta.dirname, "../..");

/** Runs npm in the project; its output, whatever the exit code. */
function npm(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile("npm", args, { cwd: root, maxBuffer: 64 * 1024 * 1024 }, (_error, stdout, stderr) =>
      resolve({ stdout, stderr }),
    );
  });
}

/** Known vulnerabilities that we live with, by package: why they do not reach us. An entry here has a line in SECURITY.md. */
const explained: Readonly<Record<string, string>> = {};

const Audit = z.union([
  z.object({ vulnerabilities: z.record(z.string(), z.object({ severity: z.string() })) }),
  z.object({ message: z.string() }),
]);

it("no package that runs in production has a known vulnerability that is not explained", async ({ skip }) => {
  const { stdout, stderr } = await npm("audit", "--omit=dev", "--json");
  const answer = Audit.safeParse(JSON.parse(stdout === "" ? "{}" : stdout));
  const asked = answer.success && "vulnerabilities" in answer.data;
  skip(
    !asked,
    `the package registry in use here answers no audit: ${/\d{3} [A-Z][\w ]+/.exec(stderr)?.[0] ?? "no JSON"}`,
  );
  if (!asked || !("vulnerabilities" in answer.data)) return;
  expect(Object.keys(answer.data.vulnerabilities).filter((name) => !Object.hasOwn(explained, name))).toEqual([]);
});

const Bom = z.object({
  bomFormat: z.literal("CycloneDX"),
  components: z.array(
    z.object({
      "bom-ref": z.string(),
      name: z.string(),
      version: z.string(),
      purl: z.string(),
      licenses: z.array(z.unknown()).optional(),
    }),
  ),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
});
const Lockfile = z.object({
  packages: z.record(z.string(), z.object({ version: z.string(), dev: z.boolean().optional() })),
});

it("`npm run sbom` lists exactly what runs in production, with versions and licences", async () => {
  const { stdout } = await npm("run", "--silent", "sbom");
  const { components, dependencies } = Bom.parse(JSON.parse(stdout));
  const { packages } = Lockfile.parse(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")));
  const locked = Object.entries(packages).flatMap(([path, { version, dev }]) =>
    path === "" || dev === true ? [] : [`${path.replace(/^.*node_modules\//, "")}@${version}`],
  );
  const listed = components.map((component) => component["bom-ref"]);
  expect(listed.toSorted()).toEqual([...new Set(locked)].toSorted());
  expect(listed.length).toBeGreaterThan(100);
  const known = new Set(listed);
  expect(dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !known.has(ref))).toEqual([]);
  // Builds for other machines, of which the lockfile knows no more than the name.
  const bare = components.filter(({ licenses }) => licenses === undefined).map(({ name }) => name);
  expect(bare.filter((name) => !name.startsWith("@msgpackr-extract/"))).toEqual([]);
});
