/** Any JSON. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
type JsonObject = { readonly [key: string]: JsonValue };

const prefix = "#/components/schemas/";

/**
 * A JSON schema of an OpenAPI one of Kubernetes, with what it refers to: strict, so that a field Kubernetes does not know is
 * a mistake (the server would drop it), and without descriptions, which are most of the bytes.
 */
export function strictSchema(root: JsonValue, components: Readonly<Record<string, JsonValue>>): JsonObject {
  const definitions: Record<string, JsonValue> = {};
  const convert = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return value.map(convert);
    if (!isObject(value)) return value;
    if (typeof value.$ref === "string") {
      const name = value.$ref.slice(prefix.length);
      if (!Object.hasOwn(definitions, name)) {
        definitions[name] = {};
        definitions[name] = convert(components[name] ?? {});
      }
      return { $ref: `#/definitions/${name}` };
    }
    if (value["x-kubernetes-int-or-string"] === true || value.format === "int-or-string") {
      return { type: ["integer", "string"] };
    }
    return convertObject(value, convert);
  };
  const converted = convert(root);
  return { ...(isObject(converted) ? converted : {}), definitions };
}

function convertObject(schema: JsonObject, convert: (value: JsonValue) => JsonValue): JsonObject {
  const { properties, additionalProperties } = schema;
  const isOpen = schema["x-kubernetes-preserve-unknown-fields"] === true || additionalProperties !== undefined;
  const kept = Object.entries(schema).filter(([key]) => kinds.has(key));
  const converted = Object.fromEntries(
    kept.map(([key, value]) => [
      key,
      key === "properties" && isObject(value)
        ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, convert(each)]))
        : unconverted.has(key)
          ? value
          : convert(value),
    ]),
  );
  return isObject(properties) && !isOpen ? { ...converted, additionalProperties: false } : converted;
}

/** What is kept: the constraints that draft-07 knows. */
const kinds = new Set(
  "type properties additionalProperties required items allOf anyOf oneOf not enum pattern minimum maximum minLength maxLength minItems maxItems minProperties maxProperties uniqueItems".split(
    " ",
  ),
);

/** Values, not schemas. */
const unconverted = new Set(["type", "required", "enum", "pattern"]);

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
