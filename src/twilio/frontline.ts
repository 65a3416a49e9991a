import type { FrontlineUser } from "../core/diagnosis/resources.ts";
import { type Json, textField } from "../core/json.ts";
import type { ResourceReader } from "../pipeline/resource-ports.ts";
import { apiUrl } from "./base-url.ts";
import { flagField } from "./fields.ts";
import type { Rest } from "./rest.ts";
import { readOne } from "./single.ts";

/** Reads Frontline, which Twilio is retiring: it may no longer answer. https://www.twilio.com/docs/frontline */
export function createFrontlineReader(rest: Rest): Pick<ResourceReader, "frontlineUser"> {
  return {
    frontlineUser: (owner, user) =>
      readOne(rest, owner, "frontline.users.fetch", apiUrl("frontline-api.twilio.com", ["v1", "Users", user]), toUser),
  };
}

function toUser(value: Json): FrontlineUser | null {
  const sid = textField(value, "sid");
  if (sid === null) return null;
  return {
    sid,
    identity: textField(value, "identity"),
    friendlyName: textField(value, "friendly_name"),
    state: textField(value, "state"),
    isAvailable: flagField(value, "is_available"),
  };
}
