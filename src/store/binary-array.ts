import { storableText } from "./storable-text.ts";

/*
 * Arrays in PostgreSQL's binary form: no quoting on our side and no search for quotes on the other.
 * Source: array_recv in https://github.com/postgres/postgres/blob/REL_15_STABLE/src/backend/utils/adt/arrayfuncs.c
 *
 * dimensions, whether there may be nulls, oid of the type, length, lower bound; then each value behind its length
 */

/** Source: https://github.com/postgres/postgres/blob/REL_15_STABLE/src/include/catalog/pg_type.dat */
const oids = { int8: 20, int4: 23, text: 25, timestamptz: 1184, jsonb: 3802 } as const;

const headerBytes = 20;
const lengthBytes = 4;
/** What stands in place of a length. */
const isNull = -1;

/** Up to so many characters a text is written here rather than by native code. */
const shortText = 64;

/** 2000-01-01, where PostgreSQL's time begins, in milliseconds of ours. */
const epochMs = 946_684_800_000;

/** text[]. What PostgreSQL cannot hold is replaced (storable-text.ts). */
export function textArray(values: readonly (string | null)[]): Buffer {
  return stringArray(oids.text, values, "");
}

/** jsonb[], of JSON texts that are safe for it. */
export function jsonbArray(texts: readonly string[]): Buffer {
  // The version of the form.
  return stringArray(oids.jsonb, texts, "\x01");
}

/** integer[] */
export function integerArray(values: readonly (number | null)[]): Buffer {
  const array = begin(oids.int4, values.length, 4 * values.length);
  let at = headerBytes;
  for (const value of values) {
    at = array.writeInt32BE(value === null ? isNull : 4, at);
    if (value !== null) at = array.writeInt32BE(value, at);
  }
  return array.subarray(0, at);
}

/** bigint[], of safe integers. */
export function bigintArray(values: readonly number[]): Buffer {
  return wideArray(oids.int8, values);
}

/** timestamptz[], of milliseconds since 1970. */
export function timeArray(values: readonly number[]): Buffer {
  return wideArray(
    oids.timestamptz,
    values.map((ms) => (ms - epochMs) * 1000),
  );
}

function begin(oid: number, length: number, bytes: number): Buffer {
  const array = Buffer.allocUnsafe(headerBytes + length * lengthBytes + bytes);
  array.writeInt32BE(1, 0);
  array.writeInt32BE(1, 4);
  array.writeInt32BE(oid, 8);
  array.writeInt32BE(length, 12);
  array.writeInt32BE(1, 16);
  return array;
}

function stringArray(oid: number, values: readonly (string | null)[], prefix: "" | "\x01"): Buffer {
  let most = 0;
  for (const value of values) if (value !== null) most += prefix.length + mostBytes(value);
  const array = begin(oid, values.length, most);
  let at = headerBytes;
  for (const value of values) {
    const start = at + lengthBytes;
    if (value === null) {
      array.writeInt32BE(isNull, at);
      at = start;
      continue;
    }
    if (prefix !== "") array[start] = 1;
    const end = write(array, value, start + prefix.length);
    array.writeInt32BE(end - start, at);
    at = end;
  }
  return array.subarray(0, at);
}

/** No less than the bytes a text takes: a short one is not worth a call that counts them, and NUL becomes three. */
function mostBytes(value: string): number {
  const { length } = value;
  return length <= shortText || value.includes("\0") ? 3 * length : Buffer.byteLength(value);
}

/**
 * Writes a text and gives the place behind it. Short ones of ASCII, nearly all there are, character by character: half of what
 * two calls into native code take. In the others halves of surrogate pairs become U+FFFD by being written as UTF-8.
 */
function write(array: Buffer, value: string, start: number): number {
  // Asked for once: V8 has too many kinds of strings to know where each keeps its length, and looks that up every time.
  const { length } = value;
  if (length > shortText) return start + array.write(value.includes("\0") ? storableText(value) : value, start);
  for (let index = 0; index < length; index += 1) {
    const code = value.charCodeAt(index);
    if (code === 0 || code > 0x7f) return start + array.write(storableText(value), start);
    array[start + index] = code;
  }
  return start + length;
}

function wideArray(oid: number, values: readonly number[]): Buffer {
  const array = begin(oid, values.length, 8 * values.length);
  let at = headerBytes;
  for (const value of values) {
    at = array.writeInt32BE(8, at);
    // In two halves: by way of a BigInt it takes four times as long.
    at = array.writeInt32BE(Math.floor(value / 2 ** 32), at);
    at = array.writeUInt32BE(value >>> 0, at);
  }
  return array;
}
