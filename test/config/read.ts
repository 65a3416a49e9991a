import { type Config, type ConfigMistake, type Loaded, readConfig } from "../../src/config.ts";

/** What a configuration is read from in a test: variables, and files by path. */
export interface Sources {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

/** Reads a configuration from variables and files that exist only here. */
export function load({ env = {}, files = {} }: Sources): Loaded {
  return readConfig({
    env,
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
      return text;
    },
    exists: (path) => Object.hasOwn(files, path),
  });
}

/** The configuration; throws when there is a mistake in it. */
export function configOf(sources: Sources): Config {
  const loaded = load(sources);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.mistakes));
  return loaded.config;
}

/** The mistakes, none when there are none. */
export function mistakesOf(sources: Sources): readonly ConfigMistake[] {
  const loaded = load(sources);
  return loaded.ok ? [] : loaded.mistakes;
}

export const sidA = `AC${"a".repeat(32)}`;
export const sidB = `AC${"b".repeat(32)}`;
