import { durationMs } from "../core/rules/duration.ts";
import { Secret } from "../core/secret.ts";

/** One mistake in the configuration. `got` never holds a secret. */
export interface ConfigMistake {
  /** An environment variable, or `file:line field`. */
  readonly where: string;
  readonly expected: string;
  readonly got: string;
  readonly fix: string;
}

/** What settings are read from, passed in so that tests need no environment and no disk. */
export interface SettingSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file's text; throws the system's error when it cannot be read. */
  readonly readFile: (path: string) => string;
}

/** Reads single settings, keeps every mistake, and returns the default in place of a wrong value so that reading goes on. */
export class Settings {
  readonly mistakes: ConfigMistake[] = [];
  readonly #sources: SettingSources;

  constructor(sources: SettingSources) {
    this.#sources = sources;
  }

  /** Notes a mistake. */
  wrong(where: string, expected: string, got: string, fix: string): void {
    this.mistakes.push({ where, expected, got, fix });
  }

  /** A variable's text without surrounding space; empty means absent. */
  text(name: string): string | null {
    const value = this.#sources.env[name]?.trim();
    return value === undefined || value === "" ? null : value;
  }

  /** A secret from NAME or from the file that NAME_FILE names (as Docker and Kubernetes mount them). */
  secret(name: string): Secret | null {
    const direct = this.text(name);
    const file = this.text(`${name}_FILE`);
    if (direct !== null && file !== null) {
      this.wrong(name, `either ${name} or ${name}_FILE`, "both", "remove one of the two");
    }
    if (direct !== null) return new Secret(direct);
    if (file === null) return null;
    const content = this.file(`${name}_FILE`, file)?.trim();
    if (content === "") {
      this.wrong(`${name}_FILE`, "a file with the secret in it", "an empty file", "write the secret into it");
    }
    return content === undefined || content === "" ? null : new Secret(content);
  }

  /** A file's text, or undefined after noting why it cannot be read. */
  file(where: string, path: string): string | undefined {
    try {
      return this.#sources.readFile(path);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "an error";
      this.wrong(where, "a file that can be read", `${code} for ${path}`, "correct the path or the file's permissions");
      return undefined;
    }
  }

  /** A whole number within bounds. */
  integer(name: string, fallback: number, min: number, max: number): number {
    const text = this.text(name);
    if (text === null) return fallback;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.wrong(name, `a whole number from ${min} to ${max}`, JSON.stringify(text), `e.g. ${name}=${fallback}`);
    return fallback;
  }

  /**
   * A period such as `90s`, `30m`, `12h`, `30d`, in milliseconds. What becomes a timer needs `longest` under 24 days:
   * beyond that Node's timers fire at once.
   */
  duration(name: string, fallback: string, longest: string): number {
    const text = this.text(name);
    const fallbackMs = durationMs(fallback) ?? 0;
    if (text === null) return fallbackMs;
    const value = durationMs(text.toLowerCase());
    if (value !== null && value <= (durationMs(longest) ?? 0)) return value;
    this.wrong(
      name,
      `a period from 1s to ${longest}`,
      JSON.stringify(text),
      `e.g. ${name}=${fallback} (units s, m, h, d)`,
    );
    return fallbackMs;
  }

  /** A size such as `512KiB`, `1MiB` or plain bytes. */
  bytes(name: string, fallback: number, min: number, max: number): number {
    const text = this.text(name);
    if (text === null) return fallback;
    const match = /^(\d{1,12})\s*(B|KiB|MiB)?$/i.exec(text);
    const unit = { b: 1, kib: 1024, mib: 1024 * 1024 }[(match?.[2] ?? "B").toLowerCase()] ?? 1;
    const value = match === null ? Number.NaN : Number(match[1]) * unit;
    if (value >= min && value <= max) return value;
    this.wrong(name, `a size from ${min} to ${max} bytes`, JSON.stringify(text), `e.g. ${name}=1MiB`);
    return fallback;
  }

  /** One of a closed list. */
  choice<const T extends string>(name: string, fallback: T, values: readonly T[]): T {
    const text = this.text(name);
    if (text === null) return fallback;
    const found = values.find((value) => value === text.toLowerCase());
    if (found !== undefined) return found;
    this.wrong(name, `one of ${values.join(", ")}`, JSON.stringify(text), `e.g. ${name}=${fallback}`);
    return fallback;
  }

  /** A URL with one of these protocols (`https:`…), without query and fragment, without a slash at the end. */
  url(name: string, protocols: readonly string[], example: string): string | null {
    const text = this.text(name);
    if (text === null) return null;
    const url = URL.canParse(text) ? new URL(text) : null;
    // A lone ? or # is part of the text, though not of url.search and url.hash.
    const extra = /[?#]/.test(text);
    if (url !== null && protocols.includes(url.protocol) && !extra) return text.replace(/\/+$/, "");
    // Not quoted: a URL may carry a password.
    const kind = extra ? "a URL with a query or fragment" : "a URL of another kind";
    const got = url === null ? "something that is no URL" : kind;
    const expected = `a URL starting with ${protocols.map((p) => `${p}//`).join(" or ")}, without query and fragment`;
    this.wrong(name, expected, got, `e.g. ${name}=${example}`);
    return null;
  }

  /** A connection URL with credentials in it, as a secret. */
  connection(name: string, protocols: readonly string[], example: string): Secret | null {
    const secret = this.secret(name);
    if (secret === null) return null;
    const value = secret.reveal();
    if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return secret;
    const expected = `a URL starting with ${protocols.map((p) => `${p}//`).join(" or ")}`;
    this.wrong(name, expected, `another value of ${value.length} characters`, `e.g. ${name}=${example}`);
    return null;
  }
}
