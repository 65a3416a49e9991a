import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";

const root = join(import.meta.dirname, "..");
const read = (name: string) => readFileSync(join(root, name), "utf8");
const Versions = z.record(z.string(), z.string());
const manifest = z
  .object({ version: z.string(), scripts: Versions, dependencies: Versions, devDependencies: Versions })
  .parse(JSON.parse(read("package.json")));

describe("dependencies", () => {
  it("each have a line in the README that says why, and no line is about one that is gone", () => {
    const section = read("README.md").split("## What it is made of")[1]?.split("\n## ")[0] ?? "";
    const lines = [...section.matchAll(/^\| ([^|]+) \| ([^|]+) \|$/gm)].slice(1);
    const named = lines.flatMap(([, names = ""]) => names.split(",").map((name) => name.trim()));
    expect(named.toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted());
    for (const [, , why = ""] of lines) expect(why.trim().length).toBeGreaterThan(10);
  });

  it("are few, and pinned exactly: what is installed changes only by a change of ours", () => {
    expect(Object.keys(manifest.dependencies).length).toBeLessThanOrEqual(15);
    const all = { ...manifest.dependencies, ...manifest.devDependencies };
    expect(Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it("run no script of theirs on installing that nobody has looked at", () => {
    const { packages } = z
      .object({ packages: z.record(z.string(), z.object({ hasInstallScript: z.boolean().optional() })) })
      .parse(JSON.parse(read("package-lock.json")));
    const { allowScripts } = z
      .object({ allowScripts: z.record(z.string(), z.boolean()) })
      .parse(JSON.parse(read("package.json")));
    const scripted = Object.entries(packages).flatMap(([path, { hasInstallScript }]) =>
      hasInstallScript === true ? [path.replace(/^.*node_modules\//, "")] : [],
    );
    // fsevents is for macOS and only there.
    const known = new Set([...Object.keys(allowScripts), "fsevents"]);
    expect(scripted.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe("SECURITY.md", () => {
  const text = read("SECURITY.md");

  it("says how to report, without an address or a person that nobody has confirmed", () => {
    expect(text).toMatch(/private(ly)? .*vulnerability/i);
    expect(text).not.toMatch(/[\w.]+@[\w.]+\.\w+/);
  });

  it("names the version that is supported", () => {
    expect(text).toContain(manifest.version.split(".").slice(0, 2).join("."));
  });

  it("names only settings and scripts that there are", () => {
    const sources = ["config.ts", "config/limits.ts", "config/receivers.ts", "config/accounts.ts", "config/servers.ts"];
    const settings = sources.map((name) => read(join("src", name))).join("\n");
    const named = [...text.matchAll(/`([A-Z][A-Z0-9]+_[A-Z0-9_]+?)(?:=[^`]*)?`/g)].map(([, name = ""]) => name);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => name !== "NAME_FILE" && !settings.includes(`"${name}"`))).toEqual([]);
    const scripts = [...text.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name = ""]) => name);
    expect(scripts).toContain("sbom");
    expect(scripts.filter((name) => !(name in manifest.scripts))).toEqual([]);
  });
});
