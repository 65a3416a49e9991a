import { jsonParcel, webhookParcel } from "../../support/deliver.ts";
import { account, publicUrl } from "../../support/faultline.ts";
import { signForm } from "../../support/sign.ts";
import {
  type BadInput,
  event,
  good,
  json,
  otherAccount,
  recorded,
  refused,
  stream,
  streamed,
  withHeaders,
  without,
} from "./row.ts";

const parcelForOther = webhookParcel(event({ account: otherAccount.sid }));

export const signatures: readonly BadInput[] = [
  refused("no signature", "no_signature", without(good(), "x-twilio-signature")),
  refused("an empty signature", "no_signature", withHeaders(good(), { "x-twilio-signature": "" })),
  refused(
    "a made-up signature",
    "wrong_signature",
    withHeaders(good(), { "x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8=" }),
  ),
  refused(
    "a signature of 10,000 characters",
    "wrong_signature",
    withHeaders(good(), { "x-twilio-signature": "A".repeat(10_000) }),
  ),
  refused(
    "signed over another address",
    "wrong_signature",
    webhookParcel(event(), { token: account.token, publicUrl: "https://evil.example" }),
  ),
  refused("the signature of another body", "wrong_signature", { ...good(), headers: good().headers }),
  refused("an account nobody configured", "unknown_account", webhookParcel(event({ account: `AC${"f".repeat(32)}` }))),
  refused(
    "tokens swapped: signed by the other account",
    "wrong_signature",
    webhookParcel(event(), { token: otherAccount.token, publicUrl }),
  ),
  refused("tokens swapped, the other way", "wrong_signature", parcelForOther),
  recorded(
    "a subaccount we do not know, signed by the parent we know",
    webhookParcel(event({ account: `AC${"e".repeat(32)}`, parentAccount: account.sid })),
  ),
  refused("JSON, no signature", "no_signature", without(json([streamed()]), "x-twilio-signature"), "event_streams"),
  refused(
    "JSON, another token",
    "wrong_signature",
    jsonParcel(stream, "[]", { token: "nobody's", publicUrl }),
    "event_streams",
  ),
  refused(
    "JSON, a captured signature with another body",
    "body_hash_mismatch",
    { ...json([]), body: JSON.stringify([streamed()]) },
    "event_streams",
  ),
  refused(
    "JSON without bodySHA256, URL signed",
    "no_body_hash",
    {
      ...json([streamed()]),
      target: stream,
      headers: {
        "content-type": "application/json",
        "x-twilio-signature": signForm(account.token, publicUrl + stream, {}),
      },
    },
    "event_streams",
  ),
];
