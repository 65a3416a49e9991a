import { redactPayload, redactText } from "../../src/core/redact.ts";
import { planted, privateIn, snippet } from "./canaries.ts";
import { trees } from "./corpus.ts";
import { mutated } from "./mutate.ts";
import type { Target } from "./targets.ts";
import { jsonText, reshaped } from "./trees.ts";

/** Redaction of any text: nothing private stays, twice is once. */
export function redactionTarget(corpus: readonly Buffer[]): Target {
  const own = [...corpus];
  return {
    name: "redaction",
    corpus: own,
    make(dice) {
      if (dice.once(3)) {
        const tree = planted(reshaped(dice.pick(trees), dice), dice);
        return { input: Buffer.from(jsonText(tree, dice)), hasCanary: true };
      }
      const bytes = mutated(dice.pick(own), dice, own);
      if (dice.once(2)) return { input: bytes, hasCanary: false };
      const text = bytes.toString("utf8").slice(0, 16_000);
      const at = dice.int(text.length + 1);
      return { input: Buffer.from(text.slice(0, at) + snippet(dice) + text.slice(at)), hasCanary: true };
    },
    run({ input, hasCanary }) {
      const text = input.toString("utf8");
      const once = redactText(text);
      if (redactText(once) !== once) return `redacting again changes ${JSON.stringify(once).slice(0, 300)}`;
      if (once.length > 16 * 1024) return `${once.length} characters are left`;
      const payload = redactPayload({ text, [text.slice(0, 200)]: [text.slice(0, 2_000)] });
      const again = redactPayload(payload);
      if (JSON.stringify(again) !== JSON.stringify(payload)) {
        return `redacting the payload again changes ${JSON.stringify(payload).slice(0, 300)}`;
      }
      const found = hasCanary ? privateIn(once) : null;
      return found === null ? null : `private: ${found}`;
    },
  };
}
