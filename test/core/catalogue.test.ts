import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { docsUrlOf, loadCatalogue } from "../../src/core/catalogue.ts";

const catalogue = loadCatalogue();
const shared = new URL("../../../shared/data/twilio-error-catalogue.json", import.meta.url);

describe("the catalogue", () => {
  test("lists 2,415 codes, each once and in order", () => {
    expect(catalogue.codes).toHaveLength(2415);
    expect(catalogue.codes.every((code, index) => index === 0 || code > (catalogue.codes[index - 1] ?? code))).toBe(
      true,
    );
  });

  test("gives number, level, product and title", () => {
    expect(catalogue.lookup(80604)).toEqual({
      code: 80604,
      level: "WARNING",
      product: "Proxy",
      title: "Proxy Identifier In Use",
    });
  });

  test.each([
    [12100, "Webhooks"],
    [13224, "Programmable Voice"],
    [14101, "Programmable SMS"],
    [21211, "Programmable Voice"],
    [21617, "Programmable SMS"],
    [400, "Twilio"],
  ])("names a product for %i, for which Twilio publishes none", (code, product) => {
    expect(catalogue.lookup(code)?.product).toBe(product);
  });

  test("leaves no code without a product, level and title", () => {
    const poor = catalogue.codes.filter((code) => {
      const entry = catalogue.lookup(code);
      return !(entry?.product && /^(?:ERROR|WARNING)$/.test(entry.level) && entry.title);
    });
    expect(poor).toEqual([]);
  });

  test.each([0, -1, 1.5, 99999, Number.NaN, 91305])("does not know %d", (code) => {
    expect(catalogue.lookup(code)).toBeNull();
  });

  test("links to Twilio's page of a code", () => {
    expect(docsUrlOf(80604)).toBe("https://www.twilio.com/docs/api/errors/80604");
  });
});

describe.skipIf(!existsSync(shared))("the published list (needs ../shared)", () => {
  test("is in the catalogue, row by row", () => {
    const { rows } = JSON.parse(readFileSync(shared, "utf8")) as { rows: [number, string, string | null, string][] };
    const different = rows.filter(([code, level, product, title]) => {
      const entry = catalogue.lookup(code);
      return entry?.level !== level || entry.title !== title || (product !== null && entry.product !== product);
    });
    expect(rows).toHaveLength(catalogue.codes.length);
    expect(different).toEqual([]);
  });
});
