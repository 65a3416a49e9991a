import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { Notifier, SendResult } from "../../src/pipeline/notice-ports.ts";
import { incidentNotice } from "../notify/notices.ts";
import type { ReceiverFault } from "../support/receivers/faults.ts";
import { type ReceiverDouble, startReceiver } from "../support/receivers/server.ts";

/** The time every notifier under test goes by. */
export const now = new Date("2026-01-02T03:04:30.000Z");

/** A notifier that sends to a double. */
export interface NotifierFixture {
  readonly notifier: Notifier;
  readonly double: ReceiverDouble;
  /** What nobody may ever see. */
  readonly secrets: readonly string[];
}

/** What a notifier brings to the suite. */
export interface NotifierCase {
  readonly kind: Notifier["kind"];
  /** A fresh double and a notifier on it. */
  open(options: { readonly timeoutMs: number }): Promise<NotifierFixture>;
  /** What the body of a test notice holds, and of no other. */
  readonly testMark: RegExp;
  /** The wait after a 429 that names none. */
  readonly waitWhenLimitedMs?: number;
  /** What comes of an answer 200 whose body breaks off or never ends; absent: sent, since the status says so. */
  readonly unreadBody?: SendResult;
}

const limited = (retryAfterMs?: number): SendResult => ({
  ok: false,
  reason: "rateLimited",
  retry: true,
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});
const clientError: SendResult = { ok: false, reason: "clientError", retry: false };
const authError: SendResult = { ok: false, reason: "authError", retry: false };
const serverError: SendResult = { ok: false, reason: "serverError", retry: true };
const timeout: SendResult = { ok: false, reason: "timeout", retry: true };
const network: SendResult = { ok: false, reason: "network", retry: true };

/** What every receiver's statuses mean. */
const statuses: readonly [fault: ReceiverFault, result: SendResult][] = [
  [{ status: 400, body: "invalid_payload" }, clientError],
  [{ status: 401 }, authError],
  [{ status: 403, body: "action_prohibited" }, authError],
  [{ status: 403, body: "invalid_token" }, authError],
  [{ status: 404, body: "channel_not_found" }, clientError],
  [{ status: 408 }, serverError],
  [{ status: 410, body: "channel_is_archived" }, clientError],
  [{ status: 413 }, clientError],
  [{ status: 422 }, clientError],
  [{ status: 429, retryAfter: 7 }, limited(7_000)],
  [{ status: 429, retryAfter: 0 }, limited(0)],
  [{ status: 429, retryAfter: "Fri, 02 Jan 2026 03:04:42 GMT" }, limited(12_000)],
  [{ status: 429, retryAfter: "Fri, 02 Jan 2026 03:04:00 GMT" }, limited(0)],
  [{ status: 429, retryAfter: 86_400 }, limited(3_600_000)],
  [{ status: 500, body: "rollup_error" }, serverError],
  [{ status: 502, body: "<html>Bad gateway</html>" }, serverError],
  [
    { status: 503, retryAfter: 5 },
    { ok: false, reason: "serverError", retry: true, retryAfterMs: 5_000 },
  ],
  [{ status: 504 }, serverError],
];

/** The contract of every sender, run against a double of its receiver. */
export function notifierSuite(
  name: string,
  { kind, open, testMark, waitWhenLimitedMs, unreadBody }: NotifierCase,
): void {
  describe(`${name}, as every notifier`, () => {
    const printed: string[] = [];
    let fixture: NotifierFixture;
    let results: SendResult[];

    beforeEach(async () => {
      results = [];
      printed.length = 0;
      for (const method of ["log", "info", "warn", "error", "debug"] as const) {
        vi.spyOn(console, method).mockImplementation((...parts) => void printed.push(inspect(parts)));
      }
      for (const stream of [process.stdout, process.stderr]) {
        vi.spyOn(stream, "write").mockImplementation((chunk) => printed.push(String(chunk)) > 0);
      }
      fixture = await open({ timeoutMs: 10_000 });
    });

    afterEach(async () => {
      vi.restoreAllMocks();
      await fixture.double.stop();
      // Whatever a test did: no secret in what came back, in what was printed, in how the notifier looks.
      const { notifier } = fixture;
      const shown = [
        ...printed,
        JSON.stringify([notifier, results]),
        inspect([notifier, results], { depth: null, showHidden: true }),
        `${notifier.send}`,
      ].join("\n");
      for (const secret of fixture.secrets) expect(shown).not.toContain(secret);
    });

    async function reopen(timeoutMs: number): Promise<void> {
      await fixture.double.stop();
      fixture = await open({ timeoutMs });
    }

    async function sendWith(fault: ReceiverFault | null, notice = incidentNotice()): Promise<SendResult> {
      if (fault !== null) fixture.double.faults.add(fault);
      const result = await fixture.notifier.send(notice, null);
      results.push(result);
      return result;
    }

    test("says who it is and how fast it may be used", () => {
      expect(fixture.notifier.kind).toBe(kind);
      expect(fixture.notifier.name).toBe("under-test");
      expect(fixture.notifier.rate.max).toBeGreaterThan(0);
      expect(fixture.notifier.rate.perMs).toBeGreaterThan(0);
    });

    test("sends one request of JSON that the receiver takes", async () => {
      expect(await sendWith(null)).toMatchObject({ ok: true });
      expect(fixture.double.received).toHaveLength(1);
      const [request] = fixture.double.received;
      expect(request?.method).toBe("POST");
      expect(request?.headers["content-type"]).toBe("application/json; charset=utf-8");
      expect(request?.status).toBeLessThan(300);
    });

    test("marks a test notice as one, and no other", async () => {
      await sendWith(null, incidentNotice({ test: true }));
      expect(fixture.double.received.at(-1)?.body).toMatch(testMark);
      await sendWith({ status: 200, body: { ok: true } }, incidentNotice());
      expect(fixture.double.received.at(-1)?.body).not.toMatch(testMark);
    });

    test.each(statuses)("answered %j gives %j", async (fault, result) => {
      expect(await sendWith(fault)).toEqual(result);
      expect(fixture.double.received).toHaveLength(1);
    });

    test.each([undefined, "", "soon", "-5", "1e9"])(
      "429 with Retry-After %j: waits as the receiver advises",
      async (retryAfter) => {
        const fault = { status: 429, ...(retryAfter !== undefined && { retryAfter }) };
        expect(await sendWith(fault)).toEqual(limited(waitWhenLimitedMs));
      },
    );

    test.each([301, 302, 303, 307, 308])("a redirect (%i) is not followed", async (status) => {
      const elsewhere = await startReceiver(() => ({ status: 200, body: "ok" }));
      onTestFinished(() => elsewhere.stop());
      expect(await sendWith({ status, redirectTo: elsewhere.url })).toEqual(clientError);
      expect(elsewhere.received).toEqual([]);
      expect(fixture.double.received).toHaveLength(1);
    });

    test("no answer in time is a timeout", async () => {
      await reopen(150);
      const started = performance.now();
      expect(await sendWith({ hang: true })).toEqual(timeout);
      expect(performance.now() - started).toBeLessThan(5_000);
    });

    test("an answer that is late but in time is taken", async () => {
      expect(await sendWith({ delayMs: 200 })).toMatchObject({ ok: true });
    });

    test("a connection cut before the answer is a network failure", async () => {
      expect(await sendWith({ cut: "before" })).toEqual(network);
      expect(fixture.double.received).toHaveLength(1);
    });

    test("nobody listening is a network failure", async () => {
      await fixture.double.stop();
      expect(await sendWith(null)).toEqual(network);
      fixture = await open({ timeoutMs: 10_000 });
    });

    test("an answer cut within its body", async () => {
      expect(await sendWith({ status: 200, body: "o", cut: "within" })).toEqual(
        unreadBody ?? { ok: true, reference: null },
      );
    });

    test("an endless answer is not read to the end", async () => {
      expect(await sendWith({ status: 200, endless: true })).toEqual(unreadBody ?? { ok: true, reference: null });
      // 64 KiB, and what the sockets of both sides hold.
      expect(fixture.double.flooded()).toBeLessThan(16 * 1024 * 1024);
    });

    test("an endless refusal is known by its status", async () => {
      expect(await sendWith({ status: 500, endless: true })).toEqual(serverError);
    });

    test("after a failure the next attempt works", async () => {
      expect(await sendWith({ status: 500, times: 1 })).toEqual(serverError);
      expect(await sendWith({ cut: "before", times: 1 })).toEqual(network);
      expect(await sendWith(null)).toMatchObject({ ok: true });
    });
  });
}
