/** A value JSON can carry; what payloads are made of after parsing. */
export type Json = string | number | boolean | null | Json[] | JsonObject;

/** A JSON object. Look fields up with {@link field}: keys come from the network, `__proto__` among them. */
export type JsonObject = { [key: string]: Json };

/** Whether a value is a JSON object (neither null nor an array). */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An own field of a JSON object, or undefined; never something inherited. */
export function field(value: Json | undefined, key: string): Json | undefined {
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** An own field that is a non-empty string, or null. */
export function textField(value: Json | undefined, key: string): string | null {
  const found = field(value, key);
  return typeof found === "string" && found !== "" ? found : null;
}
