import { describe, expect, it } from "vitest";
import { redactPayload, redactText } from "../../src/core/redact.ts";

/** What was dropped or masked: the private word and the number's middle are nowhere. */
function expectClean(text: string): void {
  expect(text).not.toMatch(/zqxj|5555550142|555.{1,3}0142/);
}

describe("JSON that was cut off in the middle", () => {
  it.each([
    ["a body", '{"a":1,"Body":"zqxj'],
    ["a list of names and values", '{"list":[{"name":"Body","value":"zqxj meet me"},{"na'],
    ["a list of keys and values", '{"list":[{"key": "auth_token", "value": "zqxj'],
    ["a name with a digit", '{"x":{"name":"MediaUrl0","value":"zqxj"},'],
    ["a list in text in text", '{"x":"{\\"name\\":\\"password\\",\\"value\\":\\"zqxj\\"}",'],
    ["a number after an escaped line break", '{"note":"call\\n5555550142 now'],
    ["a number after an escaped tab", '{"note":"a\\t15555550142'],
    ["a key that hides behind escapes", '{"B\\u006fdy":"zqxj'],
    ["digits that hide behind escapes", '{"note":"+1555\\u0035550142'],
    ["a URL within its password", '{"url":"https://user:zqxj'],
    ["a number in a form in it", '{"note":"To=(555)%20555-0142&a=b'],
  ])("keeps no private thing: %s", (_, text) => {
    const once = redactText(text);
    expectClean(once);
    expect(redactText(once)).toBe(once);
    expectClean(JSON.stringify(redactPayload({ text })));
  });
});

describe("JSON text in a payload", () => {
  it("is looked at as a whole, also where a key comes twice and a parser sees the last one only", () => {
    for (const text of [
      '{"note":"token=zqxj0123456789","note":"x"}',
      '[{"Body":"zqxj","Body":""}]',
      '{"a":{"a":1,"b":"+15555550142","b":2}}',
    ]) {
      expectClean(redactText(text));
      expectClean(JSON.stringify(redactPayload({ text })));
    }
  });

  it("stays as it was written when there is nothing to redact", () => {
    const text = '{ "a" : [1.0, {"b:c":"d\\":e"}], "f":{} }';
    expect(redactPayload({ text })).toEqual({ text });
  });

  it("has its lists of names and values redacted by the name, whatever characters it has", () => {
    expect(redactPayload({ list: [{ name: "MediaUrl0", value: "https://zqxj.example" }] })).toEqual({
      list: [{ name: "MediaUrl0", value: "[dropped]" }],
    });
  });
});

describe("a text far longer than what is kept", () => {
  const size = 1024 * 1024;
  const fill = (piece: string) => piece.repeat(Math.ceil(size / piece.length));

  it.each(
    Object.entries({
      "broken percent-encoding": `a=b${fill("&Payload=%ntSid=")}`,
      "bytes that are no UTF-8": `a=b${fill("&P=%ff")}`,
      "URLs with passwords": fill("https://a:b@c/?d=e "),
      "JSON in a form": `a=b${fill(`&x=${encodeURIComponent('{"Body":"zqxj","To":"+15555550142"}')}`)}`,
      "JSON in JSON": JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ Body: fill("zqxj ") }) }) }),
      keys: fill('"Body":"zqxj",'),
      numbers: fill("call 5555550142 now "),
    }),
  )("is redacted in the time of what is kept: %s", (_, text) => {
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 5 && best > 100; round += 1) {
      const started = performance.now();
      expectClean(redactText(text));
      expectClean(JSON.stringify(redactPayload({ text })));
      best = Math.min(best, performance.now() - started);
    }
    // As a whole it took up to two seconds.
    expect(best).toBeLessThan(300);
  });

  it("keeps no half of what stood where it was cut", () => {
    // A body that is dropped makes room, so that the place where the text was cut is among what is kept.
    const dropped = `Body=${"x".repeat(33_000)}\n`;
    for (let shift = 0; shift < 60; shift += 1) {
      const text = `${"y".repeat(shift)} ${dropped}${"call 15555550142 ".repeat(10_000)}`;
      expect(redactText(text)).not.toMatch(/15555/);
    }
  });
});
