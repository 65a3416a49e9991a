import { posix } from "node:path";

/*
 * The house rules, checked on source text: who may import whom, and what may stand where.
 *
 *   core ← pipeline ← {receive, operate, store, queue, twilio, notify, telemetry} ← app ← cli ← main
 *
 * Shell folders never import each other; they meet through pipeline/ports.ts. Commands stand above app: they read the
 * configuration and start parts.
 */

/** One breach of a house rule. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

const shell = ["receive", "operate", "store", "queue", "twilio", "notify", "telemetry"] as const;

/** What each area may import besides itself: every folder of src, and every module that stands beside them. */
const mayImport: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ["core", []],
  ["pipeline", ["core"]],
  ...shell.map((folder) => [folder, ["core", "pipeline"]] as const),
  ["config", ["core"]],
  ["rule-packs", ["core"]],
  ["timers", ["core", "pipeline"]],
  ["version", []],
  ["app", ["core", "pipeline", ...shell, "config", "rule-packs", "timers", "version"]],
  ["cli", ["core", "pipeline", ...shell, "config", "rule-packs", "timers", "version", "app"]],
  ["main", ["cli", "version"]],
]);

/** Packages the pure areas may use; the others may use any. */
const packages: ReadonlyMap<string, readonly string[]> = new Map([
  ["core", ["node:crypto", "zod", "yaml"]],
  ["pipeline", ["node:crypto", "zod"]],
]);

/** Dashboards and alerts are generated from these, so they must stay free of everything else. */
const pureFiles: ReadonlySet<string> = new Set(["src/telemetry/metric-names.ts"]);

const vagueNames = /^(utils?|helpers?|common|lib|libs|types|misc|shared|index)$/;
const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*$/;

const forbiddenText: readonly {
  readonly what: string;
  readonly pattern: RegExp;
  readonly where: (file: string) => boolean;
}[] = [
  {
    what: "reads process.env; only src/config.ts may",
    pattern: /\bprocess\s*(?:\?\.|\.)\s*env\b|\bprocess\s*\[|\benv\b[^;{}]*\}\s*=\s*process\b/g,
    where: (file) => file !== "src/config.ts",
  },
  {
    what: "reads the time of day; take a Clock (only src/app.ts may)",
    pattern: /\bDate\s*\.\s*now\b|\bnew\s+Date\s*(?:\(\s*\)|(?![\s\w(<.]))|(?<!new\s)(?<![.\w])Date\s*\(\s*\)/g,
    where: (file) => file !== "src/app.ts",
  },
  { what: "has a default export", pattern: /\bexport\s+default\b|\bas\s+default\b/g, where: () => true },
  { what: "re-exports everything of another file", pattern: /\bexport\s*\*/g, where: () => true },
  {
    what: "is not pure: core knows no process, network, timer or console",
    pattern:
      /(?<![.\w])(?:process|console|globalThis)\s*\.|(?<![.\w])(?:fetch|setTimeout|setInterval|setImmediate)\s*\(/g,
    where: (file) => areaOf(file) === "core",
  },
];

/** Every breach in a file. `file` is its path from the root of the project, with slashes. */
export function violationsIn(file: string, source: string): readonly Violation[] {
  const withTexts = blank(source, "comments");
  const bare = blank(source, "comments and texts");
  const at = (index: number, what: string): Violation => {
    return { file, line: source.slice(0, index).split("\n").length, what };
  };
  return [
    ...nameFaults(file).map((what) => at(0, what)),
    ...importsOf(withTexts).flatMap(({ index, target }) => importFaults(file, target).map((what) => at(index, what))),
    ...forbiddenText
      .filter(({ where }) => where(file))
      .flatMap(({ pattern, what }) => [...bare.matchAll(pattern)].map(({ index }) => at(index, what))),
    ...(isBarrel(bare) ? [at(0, "is a barrel: it only passes on what other files export")] : []),
  ];
}

/** The folder under src, or the module beside the folders: `core`, `app`. */
function areaOf(file: string): string {
  return (file.split("/")[1] ?? "").replace(/\.ts$/, "");
}

function nameFaults(file: string): string[] {
  const words = file
    .replace(/\.(ts|json|yaml)$/, "")
    .split("/")
    .slice(1);
  return words.flatMap((word) => {
    if (vagueNames.test(word)) return [`is named ${word}, which says nothing of its role`];
    return kebabCase.test(word) ? [] : [`is named ${word}, which is not kebab-case`];
  });
}

function importFaults(file: string, target: string): string[] {
  const area = areaOf(file);
  const allowed = mayImport.get(area);
  if (allowed === undefined) return [`is in ${area}, an area nobody has placed in the order of imports`];
  if (!target.startsWith(".")) {
    const isKnown = packages.get(area)?.includes(target) ?? !pureFiles.has(file);
    return isKnown ? [] : [`imports ${target}, which ${pureFiles.has(file) ? file : area} may not`];
  }
  const path = posix.join(posix.dirname(file), target);
  if (!path.startsWith("src/")) return outsideFaults(file, path);
  const other = areaOf(path);
  if (pureFiles.has(file)) return other === "core" ? [] : [`imports ${path}, which ${file} may not`];
  return other === area || allowed.includes(other) ? [] : [`imports ${path}, which ${area} may not`];
}

function outsideFaults(file: string, path: string): string[] {
  // The demo plays Twilio's side with the same simulator as the tests.
  const isDemo = /^src\/cli\/demo(\.ts$|\/)/.test(file) && path.startsWith("test/support/");
  const isVersion = file === "src/version.ts" && path === "package.json";
  return isDemo || isVersion ? [] : [`imports ${path}, which is not under src`];
}

function importsOf(source: string): { index: number; target: string }[] {
  const forms = [
    /(?<![.\w])(?:import|export)\s+(?:type\s+)?[\w\s{},*$]*?\bfrom\s*["']([^"']+)["']/g,
    /(?<![.\w])import\s*["']([^"']+)["']/g,
    /(?<![.\w])import\s*\(\s*["'`]([^"'`]+)["'`]/g,
    /\bnew\s+URL\s*\(\s*["'`](\.[^"'`]+\.ts)["'`]\s*,\s*import\.meta\.url/g,
  ];
  return forms.flatMap((form) => [...source.matchAll(form)].map(({ index, 1: target = "" }) => ({ index, target })));
}

/** Whether nothing is left of a file but imports and exports of what others declare. */
function isBarrel(bare: string): boolean {
  const passedOn = /(?<![.\w])export\s+(?:type\s+)?(?:\*[^;"']*|\{[^}]*\}\s*)(?:from\s*["'][^"']*["'])?\s*;?/g;
  const imported = /(?<![.\w])import\s+(?:type\s+)?[\w\s{},*$]*?\bfrom\s*["'][^"']*["'][^;\n]*;?/g;
  return passedOn.test(bare) && bare.replace(passedOn, "").replace(imported, "").trim() === "";
}

/** The source with comments, or the insides of texts as well, replaced by spaces; every place stays where it is. */
function blank(source: string, what: "comments" | "comments and texts"): string {
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|(?<=[=(,:[!&|?{};]\s*|\breturn\s+|=>\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/[a-z]*/g;
  return source.replace(token, (text) => {
    const isComment = text.startsWith("//") || text.startsWith("/*");
    if (!isComment && what === "comments") return text;
    // What a template computes is code like any other.
    if (text.startsWith("`"))
      return `\`${text.slice(1, -1).replace(/(\$\{[^}]*\})|[^\n]/g, (_, code) => code ?? " ")}\``;
    const edges = isComment ? ["", ""] : [text[0] ?? "", text.at(-1) ?? ""];
    const inside = text.slice(edges[0]?.length, text.length - (edges[1]?.length ?? 0));
    return `${edges[0]}${inside.replace(/[^\n]/g, " ")}${edges[1]}`;
  });
}
