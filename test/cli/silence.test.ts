import { describe, expect, it } from "vitest";
import { addSilence, expireSilence, listSilences } from "../../src/cli/silence.ts";
import { Secret } from "../../src/core/secret.ts";
import type { StoredSilence } from "../../src/pipeline/notice-ports.ts";
import { serve } from "../operate/fakes.ts";
import { noticesOf, now, silence, silencesOf } from "../operate/notice-fakes.ts";
import { clientOf } from "./admin-address.ts";

const request = { matchers: ["code=80604"], for: "2h", comment: "Being repaired", by: "somebody" };

/** A running private port over these silences, and a client of it. */
async function running(given: readonly StoredSilence[] = []) {
  const silences = silencesOf(given);
  const server = await serve({ notices: noticesOf({ silences }) });
  return { ...server, kept: silences.kept, client: clientOf(server.port) };
}

describe("silence add", () => {
  it("keeps quiet from now on, for the period given", async () => {
    await using at = await running();
    const matchers = ["code=80604", 'severity=~"error|critical"', "product!=Voice"];
    expect(await addSilence(at.client, { ...request, matchers }, now)).toEqual({
      ok: true,
      text: 'sil_1 keeps quiet about code="80604", severity=~"error|critical", product!="Voice" until 2026-01-02T05:00:00.000Z.',
    });
    expect(at.kept).toEqual([
      {
        id: "sil_1",
        matchers: [
          { name: "code", value: "80604", isRegex: false, isEqual: true },
          { name: "severity", value: "error|critical", isRegex: true, isEqual: true },
          { name: "product", value: "Voice", isRegex: false, isEqual: false },
        ],
        comment: "Being repaired",
        createdBy: "somebody",
        startsAt: now.toISOString(),
        endsAt: "2026-01-02T05:00:00.000Z",
      },
    ]);
  });

  it.each([
    [
      { matchers: ["cod=1"] },
      'expected a matcher such as code=80604, got "cod=1". Fix: use one of the labels severity',
    ],
    [{ matchers: ["title=~(a+)+"] }, "Fix: do not repeat a group"],
    [{ matchers: ["code=1", "\u001b[2J"] }, 'got " [2J". Fix: write name="value"'],
    [
      { for: "2 hours" },
      'expected --for with a period from 1s to 31d, got "2 hours". Fix: write for example --for 2h.',
    ],
    [{ for: "32d" }, 'got "32d"'],
    [{ comment: "" }, "expected comment: at least 1 characters"],
    [{ matchers: ["code!=1"] }, "this one would silence nearly everything"],
  ])("with %j says what to mend", async (more, text) => {
    await using at = await running();
    const outcome = await addSilence(at.client, { ...request, ...more }, now);
    expect(outcome).toMatchObject({ ok: false, text: expect.stringContaining(text) });
    expect(at.kept).toEqual([]);
  });

  it("needs the token of the process", async () => {
    await using server = await serve({ notices: noticesOf(), adminToken: new Secret("a-long-admin-token") });
    expect((await addSilence(clientOf(server.port, "wrong"), request, now)).text).toContain("ADMIN_TOKEN");
    expect((await addSilence(clientOf(server.port, "a-long-admin-token"), request, now)).ok).toBe(true);
  });
});

describe("silence list", () => {
  const pending = silence(2, { startsAt: "2026-01-02T03:30:00.000Z", comment: "a\nb\u001b[31m" });
  const ended = silence(1, { endsAt: "2026-01-02T02:30:00.000Z" });

  it("prints a line each, whatever the comment holds", async () => {
    await using at = await running([ended, pending, silence(3)]);
    expect(await listSilences(at.client, false)).toEqual({
      ok: true,
      text: [
        'sil_3  active until 2026-01-02T04:00:00.000Z  code="80604"  somebody: Being repaired',
        'sil_2  pending from 2026-01-02T03:30:00.000Z to 2026-01-02T04:00:00.000Z  code="80604"  somebody: a b [31m',
      ].join("\n"),
    });
    const { text } = await listSilences(at.client, true);
    expect(text.split("\n").at(-1)).toMatch(/^sil_1 {2}ended until 2026-01-02T02:30/);
  });

  it("says that there are none", async () => {
    await using at = await running();
    expect(await listSilences(at.client, false)).toEqual({ ok: true, text: "No silences." });
  });
});

describe("silence expire", () => {
  it("ends one now", async () => {
    await using at = await running([silence(1)]);
    expect(await expireSilence(at.client, "sil_1")).toEqual({
      ok: true,
      text: `sil_1 has ended at ${now.toISOString()}.`,
    });
    expect(at.kept[0]?.endsAt).toBe(now.toISOString());
  });

  it.each(["sil_9", "../incidents", "a b"])("says that %s is none", async (id) => {
    await using at = await running([silence(1)]);
    const { ok, text } = await expireSilence(at.client, id);
    expect(ok).toBe(false);
    expect(text).toMatch(/^expected .*the id of a silence.* Fix: /);
    expect(at.kept).toEqual([silence(1)]);
  });
});
