import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { chartFiles } from "../../scripts/chart-files.ts";
import { chartValues } from "../../scripts/chart-values.ts";
import { strictSchema } from "../../scripts/strict-schema.ts";
import { chart } from "./render.ts";

const root = join(import.meta.dirname, "..", "..");
const read = (...path: string[]) => readFileSync(join(chart, ...path), "utf8");

describe("Files of the chart", () => {
  test.each([...chartFiles()])("%s is as `npm run chart` makes it", (path, text) => {
    expect(existsSync(join(root, path))).toBe(true);
    expect(readFileSync(join(root, path), "utf8")).toBe(text);
  });

  test("there is no dashboard that is no longer one of ours, and no link", () => {
    const folder = join(chart, "files", "dashboards");
    const ours = readdirSync(join(root, "dashboards")).filter((name) => name.endsWith(".json"));
    expect(readdirSync(folder).toSorted()).toEqual(ours.toSorted());
    expect(ours.length).toBeGreaterThanOrEqual(3);
    // kubectl keeps a copy of what it applied in an annotation, which has room for 256 KiB.
    for (const name of ours) expect(statSync(join(folder, name)).size).toBeLessThan(250 * 1024);
  });

  test("Chart.yaml has the version of Faultline, and its own", () => {
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
    const about = z.looseObject({ version: z.string(), appVersion: z.string() }).parse(parse(read("Chart.yaml")));
    expect(about.appVersion).toBe(version);
    expect(about.version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test("every value has a line in values.yaml that says what it is, and its row in README.md", () => {
    const values = chartValues(read("values.yaml")).filter(({ shown }) => shown !== null);
    expect(values.length).toBeGreaterThan(100);
    expect(values.filter(({ text }) => !/^[A-Z`].*[.…]$/.test(text))).toEqual([]);
    const readme = read("README.md");
    expect(values.filter(({ path }) => !readme.includes(`| \`${path}\` |`))).toEqual([]);
  });

  test("every credential is in README.md's table of keys", () => {
    const keys = [...read("values.yaml").matchAll(/\{ value: "", existingSecret: "", key: ([\w-]+) \}/g)].map(
      ([, key]) => key,
    );
    expect(keys).toHaveLength(13);
    expect(keys.filter((key) => !read("README.md").includes(`| \`${key}\` |`))).toEqual([]);
  });

  test("the schema describes every value, allows no other, and takes the defaults for what they are", () => {
    const schema: unknown = JSON.parse(read("values.schema.json"));
    const defaults: unknown = parse(read("values.yaml"));
    const problems: string[] = [];
    const Node = z.looseObject({
      properties: z.record(z.string(), z.unknown()).optional(),
      additionalProperties: z.unknown().optional(),
      description: z.string().optional(),
    });
    const visit = (node: unknown, value: unknown, path: string) => {
      const { properties, additionalProperties, description } = Node.parse(node);
      if (properties === undefined) {
        if ((description ?? "").length < 5) problems.push(`${path}: not described`);
        return;
      }
      if (additionalProperties !== false) problems.push(`${path}: takes anything`);
      for (const [key, below] of Object.entries(z.record(z.string(), z.unknown()).parse(value ?? {}))) {
        if (properties[key] === undefined) problems.push(`${path}.${key}: not in the schema`);
        else visit(properties[key], below, `${path}.${key}`);
      }
    };
    visit(schema, defaults, "");
    expect(problems).toEqual([]);
  });
});

describe("Schemas of Kubernetes for checking the chart", () => {
  test("say where they are from, and allow no field that is not theirs", () => {
    const folder = join(import.meta.dirname, "schemas");
    const names = readdirSync(folder);
    expect(names).toHaveLength(15);
    for (const name of names) {
      const schema = z
        .looseObject({ $comment: z.string(), additionalProperties: z.literal(false) })
        .parse(JSON.parse(readFileSync(join(folder, name), "utf8")));
      expect(schema.$comment).toMatch(/^From [\w./-]+@v[\d.]+, Apache-2\.0\.$/);
    }
  });

  test("are made strict, with what they refer to, even when that refers to itself", () => {
    const components = {
      Tree: { type: "object", properties: { child: { $ref: "#/components/schemas/Tree" } }, description: "x" },
    };
    const root = {
      type: "object",
      required: ["tree"],
      properties: {
        tree: { $ref: "#/components/schemas/Tree" },
        port: { "x-kubernetes-int-or-string": true },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: {} },
        type: { type: "string", description: "a property called like a keyword" },
      },
    };
    expect(strictSchema(root, components)).toEqual({
      type: "object",
      required: ["tree"],
      additionalProperties: false,
      properties: {
        tree: { $ref: "#/definitions/Tree" },
        port: { type: ["integer", "string"] },
        free: { type: "object", properties: {} },
        type: { type: "string" },
      },
      definitions: {
        Tree: { type: "object", additionalProperties: false, properties: { child: { $ref: "#/definitions/Tree" } } },
      },
    });
  });
});
