import type { Json } from "../core/json.ts";
import type { TwilioAnswer } from "../pipeline/ports.ts";
import type { Owner } from "../pipeline/resource-ports.ts";
import type { TwilioApi } from "./apis.ts";
import { failure } from "./failure.ts";
import type { Rest } from "./rest.ts";

/** Reads one resource. An answer that is not one is Twilio's error. */
export async function readOne<T>(
  rest: Rest,
  owner: Owner,
  api: TwilioApi,
  url: string | null,
  decode: (value: Json) => T | null,
): Promise<TwilioAnswer<T>> {
  const answer = await rest.get(owner, api, url);
  if (!answer.ok) return answer;
  const value = decode(answer.value);
  return value === null ? failure("server_error", true) : { ok: true, value };
}
