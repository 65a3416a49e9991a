import { remedyText } from "../rules/code-view.ts";
import type { RemedyTemplate } from "../rules/rule.ts";
import { fillTemplate, type Placeholder } from "../rules/template.ts";
import { shellQuote } from "./shell-quote.ts";
import type { CauseVerdict, Remedy } from "./verdict.ts";

/** The SIDs a command may name. */
export type Sids = Partial<Record<Placeholder, string>>;

/** What this incident puts into the templates of its rule. */
export interface Filling {
  /** One set a resource in the way: a command is repeated for each, joined by `&&`. */
  readonly targets: readonly Sids[];
  /** Shell variables whose value is known, by remedy id. The others stay for a person to set. */
  readonly values?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Which remedies answer which cause, by cause id; those of supported causes come first. */
  readonly answers: Readonly<Record<string, readonly string[]>>;
}

/**
 * The remedies of a rule with commands for this incident: first those that answer a confirmed or likely cause, then the
 * rest, each time those that interrupt nobody before those that do. A command that lacks a SID is left out.
 */
export function fillRemedies(
  templates: readonly RemedyTemplate[],
  causes: readonly CauseVerdict[],
  filling: Filling,
): Remedy[] {
  const supported = causes.filter(({ verdict }) => verdict === "confirmed" || verdict === "likely");
  const wanted = new Set(supported.flatMap(({ id }) => filling.answers[id] ?? []));
  const rank = (template: RemedyTemplate): number =>
    (wanted.has(template.id) ? 0 : 2) + (template.interrupts === undefined ? 0 : 1);
  return templates
    .toSorted((a, b) => rank(a) - rank(b))
    .map((template) => {
      const command = fillFor(template, template.command, filling);
      const curl = fillFor(template, template.curl, filling);
      return {
        id: template.id,
        text: remedyText(template),
        ...(command === null ? {} : { command }),
        ...(curl === null ? {} : { curl }),
      };
    });
}

function fillFor(template: RemedyTemplate, text: string | undefined, filling: Filling): string | null {
  if (text === undefined) return null;
  const targets = filling.targets.length === 0 ? [{}] : filling.targets;
  const commands = new Set<string>();
  for (const target of targets) {
    const filled = fillTemplate(text, target);
    if (filled === null) return null;
    commands.add(withValues(filled, filling.values?.[template.id] ?? {}));
  }
  return [...commands].join(" && ");
}

/** What a terminal obeys, even between quotes, when a command is pasted into it; and what makes a line read as another. */
const unseen = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;

/**
 * Puts known values in the place of shell variables: the double-quoted word around one becomes single-quoted. One with
 * characters that cannot be seen stays for a person to set.
 */
function withValues(command: string, values: Readonly<Record<string, string>>): string {
  return command.replaceAll(
    /"([^"$`\\]*)\$([A-Z][A-Z_]*)([^"$`\\]*)"/g,
    (word, before: string, name: string, after: string) => {
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      return value === undefined || unseen.test(value) ? word : shellQuote(`${before}${value}${after}`);
    },
  );
}
