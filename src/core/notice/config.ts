/*
 * What faultline.yaml says of notices: `receivers`, `route`, `muteTimeIntervals`, `stormThreshold` and `links`. Its other
 * keys are read elsewhere. Text in, values out; every mistake is noted with its line, and no secret is ever quoted.
 */
import { z } from "zod";
import { quote } from "../rules/mistake.ts";
import { configHelp, knownKeys } from "./config-help.ts";
import type { LinkBases } from "./links.ts";
import { type Fault, type ReceiverConfig, ReceiverEntry, toReceiver } from "./receivers.ts";
import { Route } from "./route.ts";
import { defaultStormThreshold } from "./storm.ts";
import { MuteTimeInterval } from "./time-intervals.ts";
import { readYaml, valueAt, type YamlText } from "./yaml-place.ts";

/** One mistake. `where` is `file:line field`; `got` never holds a secret. */
export interface NoticeMistake extends Fault {
  readonly where: string;
}

/** What the file says. Where there are mistakes, the rest is as far as it could be read. */
export interface NoticeConfig {
  readonly receivers: readonly ReceiverConfig[];
  /** Null when the file has none: then {@link import("./route.ts").defaultRoute} applies. */
  readonly route: Route | null;
  readonly muteTimeIntervals: readonly MuteTimeInterval[];
  /** New incidents a minute that are told one by one. */
  readonly stormThreshold: number;
  readonly links: LinkBases;
}

const PageUrl = z
  .string()
  .trim()
  .max(1_000)
  // Placeholders stand for path segments or values, so they do not change what is a URL.
  .refine((text) => /^https?:$/.test(URL.parse(text.replaceAll(/[{}]/g, "x"))?.protocol ?? ""));

const sections = {
  receivers: z.array(z.unknown()).nullish(),
  route: Route.nullish(),
  muteTimeIntervals: z.array(z.unknown()).nullish(),
  stormThreshold: z.int().min(1).max(1000).nullish(),
  links: z
    .strictObject({
      incident: PageUrl.exactOptional(),
      runbook: PageUrl.exactOptional(),
      grafana: PageUrl.exactOptional(),
    })
    .nullish(),
};

/** The keys of faultline.yaml that are read here. */
export const noticeKeys = Object.keys(sections) as readonly (keyof typeof sections)[];

type Path = readonly PropertyKey[];

/**
 * Reads the text of faultline.yaml.
 *
 * @param others the receivers made elsewhere (from the environment): routes may name them, and their names are taken
 */
export function parseNoticeConfig(
  text: string,
  file: string,
  others: readonly string[],
): { readonly config: NoticeConfig; readonly mistakes: readonly NoticeMistake[] } {
  const reader = new Reader(readYaml(text), file);
  const receivers = reader.list("receivers", ReceiverEntry).flatMap(({ value, at }) => {
    const where = (below: Path) => reader.where([...at, ...below]);
    const made = toReceiver(value, where, (below, fault) => reader.note([...at, ...below], fault));
    return made === null ? [] : [{ made, at }];
  });
  const intervals = reader.list("muteTimeIntervals", MuteTimeInterval);
  const route = reader.check(sections.route, ["route"]) ?? null;
  const links = reader.check(sections.links, ["links"]) ?? {};
  const config: NoticeConfig = {
    receivers: receivers.map(({ made }) => made),
    route,
    muteTimeIntervals: intervals.map(({ value }) => value),
    stormThreshold: reader.check(sections.stormThreshold, ["stormThreshold"]) ?? defaultStormThreshold,
    links: { incident: links.incident ?? null, runbook: links.runbook ?? null, grafana: links.grafana ?? null },
  };
  checkNames(reader, ["receivers"], others);
  checkNames(reader, ["muteTimeIntervals"], []);
  if (route !== null) {
    checkRoot(reader, route);
    const named = (key: string, ...more: string[]) => new Set([...more, ...reader.names([key])]);
    checkRoute(reader, route, ["route"], {
      receivers: named("receivers", ...others),
      muteTimeIntervals: named("muteTimeIntervals"),
    });
  }
  return { config, mistakes: reader.mistakes };
}

/** A name may be used once, and not by another receiver either. */
function checkNames(reader: Reader, section: Path, taken: readonly string[]): void {
  const seen = new Set<string>();
  for (const [index, name] of reader.names(section).entries()) {
    if (typeof name !== "string") continue;
    const got = taken.includes(name) ? "the name of a receiver made from the environment" : "a name used before";
    if (seen.has(name) || taken.includes(name)) {
      reader.note([...section, index, "name"], { expected: "a name of its own", got, fix: "rename it" });
    }
    seen.add(name);
  }
}

function checkRoot(reader: Reader, route: Route): void {
  for (const key of ["match", "matchers", "continue", "muteTimeIntervals"] as const) {
    if (route[key] === undefined) continue;
    const fault = {
      expected: "nothing here: the root takes everything",
      got: key,
      fix: "write it under a route of `routes:`",
    };
    reader.note(["route", key], fault);
  }
  if (route.receivers === undefined) {
    const fix = "write `receivers: []` if nobody is to hear of it";
    reader.note(["route"], { expected: "receivers, for what no other route takes", got: "nothing", fix });
  }
}

type Names = Readonly<Record<"receivers" | "muteTimeIntervals", ReadonlySet<unknown>>>;

function checkRoute(reader: Reader, route: Route, at: Path, names: Names): void {
  for (const key of ["receivers", "muteTimeIntervals"] as const) {
    for (const [index, name] of (route[key] ?? []).entries()) {
      if (names[key].has(name)) continue;
      const known = [...names[key]].filter((each) => typeof each === "string");
      const expected = known.length === 0 ? `a name under ${key}, which has none` : `one of ${known.join(", ")}`;
      reader.note([...at, key, index], {
        expected,
        got: quote(name),
        fix: `define it under ${key}, or correct the name`,
      });
    }
  }
  for (const [index, child] of (route.routes ?? []).entries())
    checkRoute(reader, child, [...at, "routes", index], names);
}

/** The file with its mistakes. */
class Reader {
  readonly mistakes: NoticeMistake[] = [];
  readonly #yaml: YamlText;
  readonly #file: string;

  constructor(yaml: YamlText, file: string) {
    this.#yaml = yaml;
    this.#file = file;
    const { fault, value } = yaml;
    if (fault !== null) {
      this.mistakes.push({
        where: `${file}:${fault.line} (file)`,
        expected: "valid YAML",
        got: fault.got,
        fix: fault.fix,
      });
    } else if (typeof value !== "object" || Array.isArray(value))
      this.note([], { ...configHelp([]), got: kindOf(value) });
  }

  /** The items of a list that are as they should be, each with its place. */
  list<S extends z.ZodType>(section: "receivers" | "muteTimeIntervals", schema: S): { value: z.infer<S>; at: Path }[] {
    const items = this.check(sections[section], [section]) ?? [];
    return items.flatMap((_, index) => {
      const at = [section, index];
      const value = this.check(schema, at);
      return value === undefined ? [] : [{ value, at }];
    });
  }

  /** The value at a place if the schema takes it; else undefined, and its mistakes are noted. */
  check<S extends z.ZodType>(schema: S, at: Path): z.infer<S> | undefined {
    const result = schema.safeParse(valueAt(this.#yaml.value, at));
    if (result.success) return result.data;
    for (const issue of result.error.issues) this.#issue(issue, at);
    return undefined;
  }

  /** The names of a list as they stand there, right or wrong. */
  names(section: Path): unknown[] {
    const items = valueAt(this.#yaml.value, section);
    return Array.isArray(items) ? items.map((item) => valueAt(item, ["name"])) : [];
  }

  note(at: Path, fault: Fault): void {
    this.mistakes.push({ where: this.where(at), ...fault });
  }

  where(at: Path): string {
    return `${this.#file}:${this.#yaml.lineOf(at)} ${this.#yaml.pathText(at) || "(file)"}`;
  }

  #issue(issue: z.core.$ZodIssue, at: Path): void {
    const path = [...at, ...issue.path];
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) this.#unknownKey(path, key);
      return;
    }
    // A label that does not exist comes as a key that is no key.
    if (issue.code === "invalid_key") {
      this.#unknownKey(path.slice(0, -1), String(path.at(-1)));
      return;
    }
    const { expected, fix } = configHelp(path);
    const ownFix = issue.code === "custom" && issue.message !== "Invalid input" ? issue.message : fix;
    this.note(path, { expected, got: this.#shown(path), fix: ownFix });
  }

  #unknownKey(path: Path, key: string): void {
    const plain = /^[A-Za-z_-]{1,24}$/.test(key);
    const got = `the unknown key ${plain ? JSON.stringify(key) : `of ${key.length} characters`}`;
    const around = this.#yaml.pathText(path);
    const where = `${this.#file}:${this.#yaml.lineOf([...path, key])} ${around}.${plain ? key : "…"}`;
    this.mistakes.push({ where, expected: `only ${knownKeys(path).join(", ")}`, got, fix: "correct or remove it" });
  }

  /** A value is quoted only where no secret belongs. */
  #shown(path: Path): string {
    const value = valueAt(this.#yaml.value, path);
    const isOpen = path[0] === "route" || path[0] === "muteTimeIntervals" || path[0] === "stormThreshold";
    if (value == null) return "nothing";
    return isOpen && typeof value !== "object" ? quote(value) : kindOf(value);
  }
}

/** What a value is, without saying what it says. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "string") return `text of ${value.trim().length} characters`;
  return typeof value === "object" ? "a map" : `a ${typeof value}`;
}
