import { describe, expect, it } from "vitest";
import type { Delivery } from "../../src/pipeline/ports.ts";
import { type Trust, verify } from "../../src/pipeline/verify.ts";
import { encodeForm, type FormParams, signForm, signJson } from "../support/sign.ts";
import { now } from "./fakes.ts";

const main = `AC${"a".repeat(32)}`;
const sub = `AC${"b".repeat(32)}`;
const other = `AC${"c".repeat(32)}`;
const publicUrl = "https://hooks.example.com/prefix";

function trustOf(tokens: Record<string, string[]>, allowUnsigned = false): Trust {
  return { publicUrl, tokensByAccount: new Map(Object.entries(tokens)), allowUnsigned };
}

const trust = trustOf({ [main]: ["main-new", "main-old"], [sub]: ["sub"], [other]: ["other"] });

function formDelivery(params: FormParams, token: string | null): Delivery {
  const signature = token === null ? null : signForm(token, `${publicUrl}/twilio/debugger`, params);
  return {
    source: "debugger",
    bodyType: "form",
    target: "/twilio/debugger",
    signature,
    body: Buffer.from(encodeForm(params)),
    receivedAt: now,
  };
}

function jsonDelivery(body: string, token: string): Delivery {
  const { url, signature } = signJson(token, `${publicUrl}/twilio/events`, body);
  return {
    source: "event_streams",
    bodyType: "json",
    target: url.slice(publicUrl.length),
    signature,
    body: Buffer.from(body),
    receivedAt: now,
  };
}

/** `ok` or the reason of the refusal. */
function verdict(delivery: Delivery, whom: Trust = trust): string {
  const result = verify(delivery, whom);
  return result.ok ? "ok" : result.reason;
}

describe("a form", () => {
  const cases: [params: FormParams, token: string, expected: string][] = [
    [{ AccountSid: main, ParentAccountSid: "" }, "main-new", "ok"],
    [{ AccountSid: main }, "main-old", "ok"],
    [{ AccountSid: sub, ParentAccountSid: main }, "sub", "ok"],
    [{ AccountSid: sub, ParentAccountSid: main }, "main-new", "ok"],
    [{ AccountSid: `AC${"d".repeat(32)}`, ParentAccountSid: main }, "main-old", "ok"],
    [{ AccountSid: main, ParentAccountSid: "" }, "other", "wrong_signature"],
    [{ AccountSid: sub, ParentAccountSid: main }, "other", "wrong_signature"],
    // A subaccount's token says nothing about its parent.
    [{ AccountSid: main, ParentAccountSid: "" }, "sub", "wrong_signature"],
    [{ AccountSid: main }, "no token of ours", "wrong_signature"],
    [{ AccountSid: `AC${"d".repeat(32)}`, ParentAccountSid: "" }, "main-new", "unknown_account"],
    [{ AccountSid: "__proto__" }, "main-new", "unknown_account"],
    [{ AccountSid: "constructor", ParentAccountSid: "toString" }, "main-new", "unknown_account"],
    // No account at all: signed by somebody we know, to be quarantined.
    [{ Payload: "x" }, "other", "ok"],
    [{ AccountSid: "", ParentAccountSid: "" }, "sub", "ok"],
    [{ Payload: "x" }, "no token of ours", "wrong_signature"],
  ];
  it.each(cases)("%o signed with %s: %s", (params, token, expected) => {
    expect(verdict(formDelivery(params, token))).toBe(expected);
  });

  it("is handed on decoded once it is proven", () => {
    const result = verify(formDelivery({ AccountSid: main, Payload: "a b&c=d" }, "main-new"), trust);
    expect(result).toEqual({
      ok: true,
      fields: [
        ["AccountSid", main],
        ["Payload", "a b&c=d"],
      ],
    });
  });

  it("without a signature is refused, and so is a changed one", () => {
    const params = { AccountSid: main, Payload: "1" };
    expect(verdict(formDelivery(params, null))).toBe("no_signature");
    const signed = formDelivery(params, "main-new");
    expect(verdict({ ...signed, body: Buffer.from(encodeForm({ ...params, Payload: "2" })) })).toBe("wrong_signature");
    expect(verdict({ ...signed, target: "/twilio/alarms" })).toBe("wrong_signature");
  });

  it("with more fields than any real one has is refused before anything is computed", () => {
    const body = Buffer.from(Array.from({ length: 2_001 }, (_, index) => `k${index}=`).join("&"));
    expect(verdict({ ...formDelivery({}, "main-new"), body })).toBe("too_many_fields");
  });

  it("is not believed when nobody is configured", () => {
    expect(verdict(formDelivery({ AccountSid: main }, ""), trustOf({}))).toBe("unknown_account");
    expect(verdict(formDelivery({ Payload: "x" }, ""), trustOf({}))).toBe("wrong_signature");
    expect(verdict(formDelivery({ AccountSid: main }, ""), trustOf({ [main]: [] }))).toBe("unknown_account");
  });
});

describe("a JSON batch", () => {
  it.each(["main-new", "main-old", "sub", "other"])("may be signed by any account we know (%s)", (token) => {
    expect(verdict(jsonDelivery("[]", token))).toBe("ok");
  });

  it("is refused for its own reason", () => {
    const signed = jsonDelivery("[]", "main-new");
    expect(verdict(jsonDelivery("[]", "no token of ours"))).toBe("wrong_signature");
    expect(verdict({ ...signed, signature: null })).toBe("no_signature");
    expect(verdict({ ...signed, body: Buffer.from("[1]") })).toBe("body_hash_mismatch");
    expect(verdict({ ...signed, target: "/twilio/events" })).toBe("no_body_hash");
  });
});

describe("where unsigned deliveries are taken", () => {
  const open = trustOf({}, true);
  it("both kinds pass, with the form decoded", () => {
    expect(verify(formDelivery({ AccountSid: "x" }, null), open)).toEqual({ ok: true, fields: [["AccountSid", "x"]] });
    expect(verify({ ...jsonDelivery("[]", "x"), signature: null, target: "/twilio/events" }, open)).toEqual({
      ok: true,
      fields: null,
    });
  });

  it("too many fields are still refused", () => {
    const body = Buffer.from("a&".repeat(2_001));
    expect(verdict({ ...formDelivery({}, null), body }, open)).toBe("too_many_fields");
  });
});
