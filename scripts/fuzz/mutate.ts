import type { Dice } from "./dice.ts";
import { nastyBytes } from "./nasty.ts";

/** Inputs grow no larger than this, in bytes. */
const largest = 64 * 1024;

type Mutation = (bytes: Buffer, dice: Dice, corpus: readonly Buffer[]) => Buffer;

const mutations: readonly Mutation[] = [
  function flipBit(bytes, dice) {
    const copy = Buffer.from(bytes);
    const at = dice.int(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << dice.int(8));
    return copy;
  },
  function setByte(bytes, dice) {
    const copy = Buffer.from(bytes);
    copy[dice.int(copy.length)] = dice.int(256);
    return copy;
  },
  function putIn(bytes, dice) {
    return replaced(bytes, dice.int(bytes.length + 1), 0, dice.pick(nastyBytes));
  },
  function putOver(bytes, dice) {
    const piece = dice.pick(nastyBytes);
    return replaced(bytes, dice.int(bytes.length + 1), piece.length, piece);
  },
  function takeOut(bytes, dice) {
    return replaced(bytes, dice.int(bytes.length + 1), dice.int(Math.min(64, bytes.length) + 1), Buffer.alloc(0));
  },
  function double(bytes, dice) {
    const at = dice.int(bytes.length + 1);
    const piece = bytes.subarray(at, at + dice.int(200));
    return replaced(bytes, at, 0, piece);
  },
  function repeat(bytes, dice) {
    const at = dice.int(bytes.length + 1);
    const piece = bytes.subarray(at, at + 1 + dice.int(16));
    const times = dice.once(20) ? 2_000 : dice.int(50);
    return replaced(bytes, at, 0, Buffer.concat(Array<Buffer>(times).fill(piece)));
  },
  function move(bytes, dice) {
    const from = dice.int(bytes.length + 1);
    const piece = Buffer.from(bytes.subarray(from, from + dice.int(64)));
    const without = replaced(bytes, from, piece.length, Buffer.alloc(0));
    return replaced(without, dice.int(without.length + 1), 0, piece);
  },
  function splice(bytes, dice, corpus) {
    const other = dice.pick(corpus);
    return Buffer.concat([bytes.subarray(0, dice.int(bytes.length + 1)), other.subarray(dice.int(other.length + 1))]);
  },
  function cutOff(bytes, dice) {
    return bytes.subarray(0, dice.int(bytes.length + 1));
  },
  function nest(bytes, dice) {
    const [open, close] = dice.pick([
      ["[", "]"],
      ['{"a":', "}"],
      ["(", ")"],
      ['"', '"'],
      ["- ", ""],
    ] as const);
    const depth = dice.once(10) ? 3_000 : dice.int(80);
    const start = dice.int(bytes.length + 1);
    const end = start + dice.int(bytes.length - start + 1);
    const inner = [Buffer.from(open.repeat(depth)), bytes.subarray(start, end), Buffer.from(close.repeat(depth))];
    return replaced(bytes, start, end - start, Buffer.concat(inner));
  },
  function number(bytes, dice) {
    const digits = /\d+/g;
    const found = [...bytes.toString("latin1").matchAll(digits)];
    if (found.length === 0) return bytes;
    const { index, 0: text } = dice.pick(found);
    const other = dice.pick([
      "0",
      "-1",
      "1e400",
      "9007199254740993",
      "4294967296",
      "99999999999999999999",
      "0x10",
      "1e-9",
    ]);
    return replaced(bytes, index, text.length, Buffer.from(other));
  },
  function encode(bytes, dice) {
    const at = dice.int(bytes.length + 1);
    const piece = bytes.subarray(at, at + dice.int(8));
    const encoded = [...piece].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
    return replaced(bytes, at, piece.length, Buffer.from(encoded));
  },
];

/** The bytes, changed in one to six places or ways. */
export function mutated(bytes: Buffer, dice: Dice, corpus: readonly Buffer[]): Buffer {
  let result = bytes;
  for (let times = 1 + dice.int(6); times > 0; times -= 1) result = dice.pick(mutations)(result, dice, corpus);
  return result.subarray(0, largest);
}

function replaced(bytes: Buffer, at: number, length: number, by: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + length)]);
}
