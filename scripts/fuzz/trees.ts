import { isJsonObject, type Json, type JsonObject } from "../../src/core/json.ts";
import type { Dice } from "./dice.ts";
import { nastyKeys, nastyValues } from "./nasty.ts";

/** A copy of a tree with one to four of its places changed: values and keys replaced, added, nested, made into text. */
export function reshaped(tree: JsonObject, dice: Dice): JsonObject {
  const copy = structuredClone(tree);
  for (let times = 1 + dice.int(4); times > 0; times -= 1) change(copy, dice);
  return copy;
}

function change(tree: JsonObject, dice: Dice): void {
  let place = tree;
  for (let depth = dice.int(5); depth > 0; depth -= 1) {
    const inner = Object.values(place).filter(isJsonObject);
    if (inner.length === 0) break;
    place = dice.pick(inner);
  }
  const keys = Object.keys(place);
  const key = keys.length === 0 || dice.once(3) ? dice.pick(nastyKeys) : dice.pick(keys);
  const before = Object.hasOwn(place, key) ? (place[key] ?? null) : null;
  // As JSON.parse would make it: `__proto__` is a key like any other.
  Object.defineProperty(place, key, {
    value: changed(before, dice),
    enumerable: true,
    writable: true,
    configurable: true,
  });
}

function changed(before: Json, dice: Dice): Json {
  switch (dice.int(6)) {
    case 0:
      return nested(before, dice.once(8) ? 70 : dice.int(10));
    case 1:
      return JSON.stringify(before);
    case 2:
      return [before, before];
    case 3:
      return { [dice.pick(nastyKeys)]: before };
    default: {
      const value: Json = JSON.parse(dice.pick(nastyValues));
      return value;
    }
  }
}

function nested(value: Json, depth: number): Json {
  let result = value;
  for (let level = 0; level < depth; level += 1) result = level % 2 === 0 ? [result] : { a: result };
  return result;
}

/** JSON text of a tree, with what JSON.stringify would never write: keys twice, huge numbers, escapes, spaces. */
export function jsonText(value: Json, dice: Dice): string {
  let text = dice.once(6) ? JSON.stringify(value, null, "\t") : JSON.stringify(value);
  if (dice.once(4)) {
    const number = dice.pick(["1e400", "-0", "1E+2", "9007199254740993"]);
    text = text.replace(/:(?:-?\d+)(?=[,}\]])/, `:${number}`);
  }
  if (dice.once(4)) {
    const pair = `${JSON.stringify(dice.pick(nastyKeys))}:${dice.pick(nastyValues)}`;
    text = text.replace("{", () => `{${pair},`);
  }
  if (dice.once(6)) text = text.replaceAll("o", "\\u006f");
  // Cut off, as by somebody with a limit of his own: no JSON any more.
  return dice.once(6) ? text.slice(0, dice.int(text.length)) : text;
}
