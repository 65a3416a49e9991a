/*
 * Prints what runs in production as a CycloneDX bill of materials: `npm run -s sbom`. Taken from the lockfile, so that it is the same
 * on every machine. npm makes it, of everything: its own `--omit dev` leaves out what a development package has as a peer, too.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { z } from "zod";

const Component = z.looseObject({
  "bom-ref": z.string(),
  properties: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
});
const Bom = z.looseObject({
  bomFormat: z.literal("CycloneDX"),
  metadata: z.looseObject({ component: z.looseObject({ "bom-ref": z.string() }) }),
  components: z.array(Component),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()).default([]) })),
});

const root = join(import.meta.dirname, "..");
const format = ["--sbom-format", "cyclonedx", "--sbom-type", "application"];
const printed = execFileSync("npm", ["sbom", "--package-lock-only", ...format], {
  cwd: root,
  encoding: "utf8",
  maxBuffer: 64 * 1024 * 1024,
  stdio: ["ignore", "pipe", "ignore"],
});
const bom = Bom.parse(JSON.parse(printed));

const isForDevelopment = ({ properties }: z.output<typeof Component>) =>
  properties.some(({ name, value }) => name === "cdx:npm:package:development" && value === "true");
const components = bom.components.filter((component) => !isForDevelopment(component));
const kept = new Set([bom.metadata.component["bom-ref"], ...components.map((component) => component["bom-ref"])]);
const dependencies = bom.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map((each) => ({ ...each, dependsOn: each.dependsOn.filter((ref) => kept.has(ref)) }));

process.stdout.write(`${JSON.stringify({ ...bom, components, dependencies }, null, 2)}\n`);
