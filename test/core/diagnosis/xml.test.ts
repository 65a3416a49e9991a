import { describe, expect, it } from "vitest";
import { isXml } from "../../../src/core/diagnosis/xml.ts";

describe("isXml", () => {
  it.each([
    ["<Response/>", "Response"],
    [
      '<?xml version="1.0" encoding="UTF-8"?>\n<Response>\n  <Say voice="alice" language=\'en\'>a &amp; b &#33;</Say>\n</Response>\n',
      "Response",
    ],
    ["\ufeff<Response><!-- <Say> --><Message><![CDATA[<b>&]]></Message></Response>", "Response"],
    ["<!DOCTYPE html><html></html>", "html"],
  ])("takes %j", (text, root) => {
    expect(isXml(text)).toEqual({ ok: true, root });
  });

  it.each([
    ["", "there is no element"],
    ["hello", "text before the root"],
    ["<Response>", "<Response> is not closed"],
    ["<Response><Say></Response>", "</Response> closes nothing"],
    ["<Response></Response><Response/>", "more than one root"],
    ["<Response/>bye", "text after the root"],
    ["<Response>a & b</Response>", "a bare &"],
    ["<Response><Say voice=alice/></Response>", "a tag that cannot be read"],
    ["<Response", "a tag that cannot be read"],
    ["<Response><!-- </Response>", "something is not closed"],
    ["</Response>", "</Response> closes nothing"],
  ])("refuses %j: %s", (text, why) => {
    expect(isXml(text)).toEqual({ ok: false, why });
  });

  it("takes time linear in the text, whatever it is", () => {
    const startedAt = performance.now();
    for (const unit of ["<a ", "<a b='", "<a b=' ", "&", "<", "<a>", "<!--", " "]) isXml(unit.repeat(50_000));
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });
});
