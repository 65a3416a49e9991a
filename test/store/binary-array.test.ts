import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bigintArray, integerArray, jsonbArray, textArray, timeArray } from "../../src/store/binary-array.ts";
import { storableJson, storableText } from "../../src/store/storable-text.ts";
import { type FreshStore, freshStore } from "../support/store.ts";

describe("arrays in PostgreSQL's binary form", () => {
  let fresh: FreshStore;
  beforeAll(async () => {
    fresh = await freshStore("embedded");
  });
  afterAll(() => fresh.dispose());

  const readAs = async (type: string, array: Buffer) => {
    const { rows } = await fresh.db.pool.query(`select $1::${type} as values`, [array]);
    return rows[0]?.values;
  };

  test("any texts arrive as they are, but for what PostgreSQL cannot hold", async () => {
    const texts = fc.array(
      fc.option(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.constantFrom("a\0", "\ud800", "NULL"),
          // Around the length from which on native code writes, of one, two and three bytes a character, and with NUL.
          fc
            .tuple(fc.integer({ min: 60, max: 70 }), fc.constantFrom("x", "é", "語", "\0", "\ud800", "x\0"))
            .map(([length, text]) => text.repeat(length)),
        ),
      ),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (values) => {
        const held = values.map((value) => (value === null ? null : storableText(value)));
        expect(await readAs("text[]", textArray(values))).toEqual(held);
      }),
    );
  });

  test("any integers and nulls arrive as they are", async () => {
    const integers = fc.array(fc.option(fc.integer()));
    await fc.assert(
      fc.asyncProperty(integers, async (values) => {
        expect(await readAs("integer[]", integerArray(values))).toEqual(values);
      }),
    );
  });

  test("any safe integers arrive as they are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.maxSafeInteger()), async (values) => {
        expect(await readAs("bigint[]", bigintArray(values))).toEqual(values.map(String));
      }),
    );
  });

  test("times arrive to the millisecond", async () => {
    const times = fc.array(fc.date({ min: new Date("1900-01-01"), max: new Date("2200-01-01"), noInvalidDate: true }));
    await fc.assert(
      fc.asyncProperty(times, async (values) => {
        expect(await readAs("timestamptz[]", timeArray(values.map((value) => value.getTime())))).toEqual(values);
      }),
    );
  });

  test("any JSON that jsonb can hold arrives as it is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), async (values) => {
        const texts = values.map((value) => storableJson(value));
        const { rows } = await fresh.db.pool.query("select $1::jsonb[] = $2::text[]::jsonb[] as same", [
          jsonbArray(texts),
          texts,
        ]);
        expect(rows).toEqual([{ same: true }]);
      }),
    );
  });
});
