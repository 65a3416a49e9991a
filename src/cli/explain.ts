import { styleText } from "node:util";
import type { Catalogue } from "../core/catalogue.ts";
import { type CodeView, codeView } from "../core/rules/code-view.ts";
import type { RuleSet } from "../core/rules/match.ts";
import { wrapCommand, wrapText } from "./wrap.ts";

/** What a command prints and how it ends. */
export interface Explanation {
  readonly text: string;
  /** 0, or 1 for a code nobody knows. */
  readonly exitCode: 0 | 1;
}

const columns = 100;

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

/** `faultline explain <code>`: what a code means, why it happens, and what to do about it. */
export function explain(
  code: number,
  rules: RuleSet,
  catalogue: Catalogue,
  options: { readonly json: boolean; readonly color: boolean },
): Explanation {
  const view = codeView(code, rules, catalogue);
  const hasContent = view.known || view.rule !== null;
  const exitCode = hasContent ? 0 : 1;
  if (options.json) return { text: `${JSON.stringify(view, null, 2)}\n`, exitCode };
  const paint: Paint = (style, text) => (options.color ? styleText(style, text, { validateStream: false }) : text);
  const lines = hasContent ? known(view, paint) : unknown(view, paint);
  return { text: `${lines.join("\n")}\n`, exitCode };
}

function known(view: CodeView, paint: Paint): readonly string[] {
  const lines = [...heading(view, paint), ""];
  const { rule } = view;
  if (rule === null) {
    lines.push(...wrapText("Faultline has no rule for this code. Twilio explains it here:", columns, ""), view.docsUrl);
    return lines;
  }
  if (rule.meaning !== null) lines.push(...wrapText(rule.meaning, columns, ""), "");
  if (rule.firstThing !== null) {
    lines.push(paint("bold", "First thing to do"), ...wrapText(rule.firstThing, columns, "  "), "");
  }
  if (rule.causes.length > 0) {
    lines.push(paint("bold", "Possible causes"));
    for (const [index, cause] of rule.causes.entries()) lines.push(...item(index, cause, paint));
    lines.push("");
  }
  if (rule.remedies.length > 0) {
    lines.push(paint("bold", "What helps"));
    for (const [index, remedy] of rule.remedies.entries()) {
      lines.push(...item(index, remedy, paint));
      for (const command of [remedy.command, remedy.curl]) {
        if (command !== undefined)
          lines.push(...wrapCommand(command, columns, "      ").map((line) => paint("cyan", line)));
      }
    }
    lines.push("");
  }
  lines.push(`${paint("bold", "Documentation")}  ${view.docsUrl}`);
  return lines;
}

function heading(view: CodeView, paint: Paint): readonly string[] {
  const facts = [view.product, view.level === null ? "level unknown" : `level ${view.level}`];
  if (view.rule !== null) facts.push(`severity ${view.rule.severity}`, `rule ${view.rule.id}`);
  const [first = "", ...rest] = wrapText(`${view.code}  ${view.title}`, columns, "");
  return [
    paint("bold", first),
    ...rest.map((line) => paint("bold", line)),
    ...wrapText(facts.join(" · "), columns, ""),
  ];
}

function item(index: number, { id, text }: { id: string; text: string }, paint: Paint): readonly string[] {
  return [`  ${index + 1}. ${paint("dim", id)}`, ...wrapText(text, columns, "     ")];
}

function unknown(view: CodeView, paint: Paint): readonly string[] {
  return [
    paint("bold", `${view.code}  unknown code`),
    "",
    ...wrapText("Twilio's catalogue as Faultline knows it does not list this code, and no rule names it.", columns, ""),
    `If Twilio has added it since, it is explained here: ${view.docsUrl}`,
  ];
}
