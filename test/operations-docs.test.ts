import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

/*
 * What docs/install.md and docs/operations say, held against what there is. Their procedures are run in test/acceptance and
 * test/outages.
 */

const root = join(import.meta.dirname, "..");
const pages = ["docs/install.md", ...globSync("docs/operations/*.md", { cwd: root })];
const settings = globSync("src/{config.ts,config/*.ts}", { cwd: root })
  .map((file) => readFileSync(join(root, file), "utf8"))
  .join("\n");

function read(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

/** The anchors GitHub gives the headings of a page. */
function anchors(page: string): string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

test("there are the pages that people look for", () => {
  const names = ["upgrade", "rotate-auth-token", "backup-and-restore", "sizing", "servers"].map(
    (name) => `docs/operations/${name}.md`,
  );
  expect(pages.toSorted()).toEqual(["docs/install.md", ...names].toSorted());
});

describe.each(pages)("%s", (page) => {
  test("leads to pages and headings that exist", () => {
    const broken = [...read(page).matchAll(/\]\((?!https:)([^)#]*)(?:#([^)]+))?\)/g)].filter(
      ([, path = "", anchor]) => {
        const target = path === "" ? join(root, page) : join(root, dirname(page), path);
        if (!existsSync(target)) return true;
        return anchor !== undefined && !anchors(readFileSync(target, "utf8")).includes(anchor);
      },
    );
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  test("names only settings, files and commands that exist", () => {
    const text = read(page);
    const named = new Set([...text.matchAll(/\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b/g)].map(([name]) => name));
    const isSetting = (name: string) => settings.includes(`"${name}"`);
    const unknown = [...named].filter((name) => !isSetting(name) && !isSetting(name.replace(/_FILE$/, "")));
    expect(unknown).toEqual([]);
    const files = [...text.matchAll(/(?<![\w/])(?:test|scripts|src)\/[\w/.-]+\.ts/g)].map(([file]) => file);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    const scripts = [...text.matchAll(/npm run (\w+)/g)].map(([, name = ""]) => name);
    expect(scripts.filter((name) => !read("package.json").includes(`"${name}":`))).toEqual([]);
    const commands = [...text.matchAll(/src\/main\.ts (\w+)/g)].map(([, name = ""]) => name);
    expect(commands.filter((name) => !read("src/main.ts").includes(`.command("${name}")`))).toEqual([]);
  });
});

test("the memory limits of the sizing page are those of the chart", () => {
  const values = parse(read("helm/faultline/values.yaml")) as Record<
    string,
    { resources: { limits: { memory: string } } }
  >;
  const limits = ["ingest", "worker", "embedded"].map((part) => values[part]?.resources.limits.memory);
  expect(limits).toEqual(["512Mi", "512Mi", "1536Mi"]);
  expect(read("docs/operations/sizing.md")).toContain("512 MB for ingest and worker, 1.5 GB embedded");
});
