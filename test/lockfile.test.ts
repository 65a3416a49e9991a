import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";

const Lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      resolved: z.string().optional(),
      integrity: z.string().optional(),
      optional: z.boolean().optional(),
      os: z.array(z.string()).optional(),
      cpu: z.array(z.string()).optional(),
      libc: z.array(z.string()).optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

const { packages } = Lockfile.parse(JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8")));

test("the lockfile names every optional binary, also of platforms a registry did not offer: else npm ci refuses it", () => {
  const missing = Object.entries(packages).flatMap(([holder, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in packages || `${holder}/node_modules/${name}` in packages),
    ),
  );
  expect(missing).toEqual([]);
});

test("the lockfile names no registry's host", () => {
  expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
});

test("the lockfile has the hash of every package, but for builds for machines that neither the image nor CI is", () => {
  const weak = Object.entries(packages).filter(
    ([path, { integrity }]) => path !== "" && !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ""),
  );
  const ofOurs = weak.filter(([path, { optional, os = ["linux"], cpu = ["x64"], libc = ["glibc"] }]) => {
    // Some say it only by their name.
    const foreign =
      /-(android|darwin|win32|freebsd|openharmony|linux-arm|linux-(s390x|riscv64|ppc64)|.*musl|.*wasi)/.test(path);
    const isOurs = os.includes("linux") && cpu.includes("x64") && libc.includes("glibc") && !foreign;
    return optional !== true || isOurs;
  });
  expect(ofOurs.map(([path]) => path)).toEqual([]);
});
