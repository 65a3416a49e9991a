import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { maxSeries } from "../src/telemetry/bounds.ts";

const root = join(import.meta.dirname, "..");
const text = readFileSync(join(root, "README.md"), "utf8");

it("the README links only to what is there", () => {
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path ?? "");
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

it("the README names the files and commands that there are", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const named = [...text.matchAll(/\bnpm run ([\w:]+)/g)].map(([, name]) => name ?? "");
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
  const replayed = [...text.matchAll(/\breplay (test\/\S+?)[`\s]/g)].map(([, path]) => path ?? "");
  expect(replayed.length).toBeGreaterThan(0);
  expect(replayed.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

it("the README gives the bound of series that is tested", () => {
  expect(text).toContain(`at most ${maxSeries.toLocaleString("en-US")} series`);
});
