import { describe, expect, test } from "vitest";
import { fillTemplate, unknownPlaceholders } from "../../../src/core/rules/template.ts";

const conversation = `CH${"a".repeat(32)}`;
const service = `IS${"b".repeat(32)}`;

describe("templates", () => {
  test("take the SIDs of the incident", () => {
    expect(fillTemplate("twilio x --sid {conversation} --service {service}", { conversation, service })).toBe(
      `twilio x --sid ${conversation} --service ${service}`,
    );
  });

  test("are left out when a SID is missing", () => {
    expect(fillTemplate("{conversation} {service}", { conversation })).toBeNull();
  });

  test.each(["CH1; rm -rf /", `KC${"a".repeat(32)}`, `${conversation}\n`, "$(id)", ""])(
    "never take %j for a Conversation",
    (sid) => {
      expect(fillTemplate("{conversation}", { conversation: sid })).toBeNull();
    },
  );

  test("look only at their own values", () => {
    expect(fillTemplate("{constructor}", {})).toBeNull();
    expect(unknownPlaceholders("{constructor} {__proto__}")).toEqual(["constructor", "__proto__"]);
  });

  test.each([
    ["{conversation} $CALLBACK_URL", []],
    ["{conversatoin}", ["conversatoin"]],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: shell syntax, which templates may not use
    ["${HOME}", ["HOME"]],
    ["a } b", ["a single brace"]],
    ["{{session}}", ["a single brace"]],
  ])("know which placeholders %j may not have", (template, unknown) => {
    expect(unknownPlaceholders(template)).toEqual(unknown);
  });
});
