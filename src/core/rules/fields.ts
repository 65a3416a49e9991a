import { quote } from "./mistake.ts";
import { diagnosticians, groupFields, severities } from "./rule.ts";
import { longestPattern } from "./safe-pattern.ts";
import { placeholders } from "./template.ts";

/** What a field takes, and what to do when it holds something else. */
interface FieldHelp {
  readonly expected: string;
  readonly fix: string;
}

const oneOf = (words: readonly string[]) => `one of ${words.join(", ")}`;
const kebab = "a name of small letters, digits and hyphens, such as call-blocked";
const sids = "text or a list of texts";
const sentence = "a text of 1 to 2,000 characters";
const template = `a command of at most 1,000 characters, with no placeholders but ${Object.keys(placeholders)
  .map((name) => `{${name}}`)
  .join(" ")}`;

/** Help by path, list positions left out. */
const help: Readonly<Record<string, FieldHelp>> = {
  rules: { expected: "a list of rules", fix: "write `rules:` and under it one `- id: …` a rule" },
  product: { expected: "the name of a product", fix: "write it as text" },
  "rules[]": { expected: "a rule", fix: "write it as `- id: …` with `match:` under it" },
  "rules[].id": { expected: kebab, fix: "rename it" },
  "rules[].match": {
    expected: "at least one of code, product, level, account, service, message",
    fix: "write `match:` with one condition a line under it",
  },
  "rules[].match.code": {
    expected: "a code from 1 to 999999, a range such as 30001-30008, or a list of both",
    fix: "write digits only, the lower end of a range first",
  },
  "rules[].match.product": { expected: sids, fix: "write the product as Twilio names it" },
  "rules[].match.level": { expected: sids, fix: "write ERROR, WARNING or INFO" },
  "rules[].match.account": { expected: sids, fix: "write the SID of the account, AC…" },
  "rules[].match.service": { expected: sids, fix: "write the SID of the Service" },
  "rules[].match.message": {
    expected: `a regular expression of at most ${longestPattern} characters that cannot run away, or a list of them`,
    fix: "simplify it",
  },
  "rules[].title": { expected: "a text of 1 to 200 characters", fix: "shorten it, or leave it out" },
  "rules[].product": { expected: "a text of 1 to 80 characters", fix: "shorten it, or leave it out" },
  "rules[].severity": { expected: oneOf(severities), fix: "pick one of them" },
  "rules[].groupBy": { expected: `a list of ${groupFields.join(", ")}`, fix: "pick from these" },
  "rules[].quietPeriod": {
    expected: "a period from 1s to 31d such as 90s, 30m or 2h",
    fix: "write a whole number and s, m, h or d",
  },
  "rules[].silence": { expected: "true", fix: "write true, or leave it out" },
  "rules[].ownOutage": { expected: "true", fix: "write true, or leave it out" },
  "rules[].meaning": { expected: sentence, fix: "shorten it, or leave it out" },
  "rules[].firstThing": { expected: sentence, fix: "shorten it, or leave it out" },
  "rules[].docsUrl": { expected: "an https:// URL", fix: "write the whole URL" },
  "rules[].diagnostician": { expected: oneOf(diagnosticians), fix: "pick one of them, or leave it out" },
  "rules[].causes": { expected: "a list of causes with different ids", fix: "write `- id: …` and `text: …` a cause" },
  "rules[].causes[].id": { expected: kebab, fix: "rename it" },
  "rules[].causes[].text": { expected: sentence, fix: "write what went wrong" },
  "rules[].causes[].tells": {
    expected: "when the cause counts as confirmed, likely or ruledOut",
    fix: "write `confirmed: …` under it, or leave it out",
  },
  "rules[].causes[].tells.confirmed": { expected: sentence, fix: "write which facts show the cause" },
  "rules[].causes[].tells.likely": { expected: sentence, fix: "write which facts speak for it, or leave it out" },
  "rules[].causes[].tells.ruledOut": { expected: sentence, fix: "write which facts exclude it, or leave it out" },
  "rules[].remedies": {
    expected: "a list of remedies with different ids",
    fix: "write `- id: …` and `text: …` a remedy",
  },
  "rules[].remedies[].id": { expected: kebab, fix: "rename it" },
  "rules[].remedies[].text": { expected: sentence, fix: "write what to do" },
  "rules[].remedies[].command": { expected: template, fix: "use $SHELL_VARIABLES for what a person chooses" },
  "rules[].remedies[].curl": { expected: template, fix: "use $SHELL_VARIABLES for what a person chooses" },
  "rules[].remedies[].interrupts": { expected: sentence, fix: "write what breaks off, or leave it out" },
};

const nothingKnown: FieldHelp = { expected: "another value", fix: "see the documentation of rules" };

/** Help for a path such as `["rules", 2, "match", "code", 0]`: its own, else that of the nearest field around it. */
export function fieldHelp(path: readonly PropertyKey[]): FieldHelp {
  for (let length = path.length; length > 0; length -= 1) {
    const found = help[pathText(path.slice(0, length), "")];
    if (found !== undefined) return found;
  }
  return nothingKnown;
}

/**
 * `rules[2].match.code`; with `position` given, that instead of every list position. A key that is no plain word is quoted: in
 * YAML it may be pages long.
 */
export function pathText(path: readonly PropertyKey[], position?: string): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") {
      text += `[${position ?? part}]`;
      continue;
    }
    const key = /^[\w-]{1,80}$/.test(String(part)) ? String(part) : quote(String(part));
    text += text === "" ? key : `.${key}`;
  }
  return text === "" ? "(file)" : text;
}
