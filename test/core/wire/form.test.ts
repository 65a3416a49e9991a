import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formObject, formValue, parseForm, stripNul } from "../../../src/core/wire/form.ts";

function fieldsOf(text: string | Buffer) {
  const result = parseForm(Buffer.from(text as string));
  if (!result.ok) throw new Error(`expected fields, got ${result.reason}`);
  return result.fields;
}

describe("parseForm", () => {
  it("keeps order, duplicate keys and empty values", () => {
    expect(fieldsOf("b=2&a=1&b=&a&=x&&")).toEqual([
      ["b", "2"],
      ["a", "1"],
      ["b", ""],
      ["a", ""],
      ["", "x"],
    ]);
  });

  it("never reshapes keys", () => {
    expect(fieldsOf("Foo%5Bbar%5D=1&Foo[0]=2&a.b=3")).toEqual([
      ["Foo[bar]", "1"],
      ["Foo[0]", "2"],
      ["a.b", "3"],
    ]);
  });

  it("reads + as a space and only %2B as a plus", () => {
    expect(fieldsOf("a+b=c+d%2Be")).toEqual([["a b", "c d+e"]]);
  });

  it("splits a pair at its first =", () => {
    expect(fieldsOf("a=b=c")).toEqual([["a", "b=c"]]);
  });

  it.each([
    ["a=%", "%"],
    ["a=%2", "%2"],
    ["a=%zz", "%zz"],
    ["a=100%&", "100%"],
    ["a=%41%zz%42", "A%zzB"],
    ["a=%E9", "\ufffd"],
  ])("leaves what is no percent-encoding as it stands: %s", (text, value) => {
    expect(fieldsOf(text)).toEqual([["a", value]]);
  });

  it("takes bytes that are no UTF-8 and NUL", () => {
    expect(fieldsOf(Buffer.from([0x61, 0x3d, 0xff, 0x00, 0x62]))).toEqual([["a", "\ufffd\0b"]]);
    expect(fieldsOf("a=x%00y")).toEqual([["a", "x\0y"]]);
    expect(stripNul("x\0y\0")).toBe("xy");
  });

  it("treats __proto__ and constructor as keys like any other", () => {
    const fields = fieldsOf("__proto__=1&constructor=2&__proto__=3");
    const object = formObject(fields);
    expect(formValue(fields, "__proto__")).toBe("1");
    expect(Object.keys(object)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
    expect(formValue(fields, "toString")).toBeNull();
  });

  it("takes 2,000 fields and no more", () => {
    expect(fieldsOf(Array.from({ length: 2000 }, (_, index) => `k${index}=v`).join("&"))).toHaveLength(2000);
    const more = Array.from({ length: 10_000 }, (_, index) => `k${index}=v`).join("&");
    expect(parseForm(Buffer.from(more))).toEqual({ ok: false, reason: "too_many_fields" });
  });

  it("takes an empty body", () => {
    expect(fieldsOf("")).toEqual([]);
  });

  it("agrees with the URL standard's parser on any text", () => {
    const piece = fc.oneof(
      // ASCII, as encoded forms are: on other text Node's URLSearchParams strays from the standard.
      fc.string({ unit: "binary-ascii", maxLength: 8 }),
      fc.constantFrom("&", "=", "+", "%", "%2", "%20", "%C3%A9", "%E9", "%00", "%zz", "a", ";", "[", "%F0%9F%98%80"),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join("");
        // URLSearchParams drops one leading `?`, which a body may begin with.
        expect(fieldsOf(text)).toEqual([...new URLSearchParams(`?${text}`)]);
      }),
      { numRuns: 2000 },
    );
  });
});
