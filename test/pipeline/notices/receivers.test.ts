import { describe, expect, test } from "vitest";
import type { ReceiverTally } from "../../../src/pipeline/notice-record-ports.ts";
import { createWatch, receiverStates } from "../../../src/pipeline/notices/receivers.ts";
import { fixedClock, now, recordingLog } from "../fakes.ts";

const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000);
const receivers = [
  { name: "slack", kind: "slack" },
  { name: "pagerduty", kind: "pagerduty" },
  { name: "webhook", kind: "webhook" },
] as const;

const tally = (overrides: Partial<ReceiverTally> = {}): ReceiverTally => ({
  lastDeliveredAt: null,
  lastFailureAt: null,
  lastFailureReason: null,
  givenUpInARow: 0,
  pending: 0,
  tryingSince: null,
  failingSince: null,
  ...overrides,
});

async function stateOf(overrides: Partial<ReceiverTally>) {
  const store = { tallies: async () => new Map([["slack", tally(overrides)]]), noteFailing: async () => null };
  const [state] = await receiverStates({ receivers: receivers.slice(0, 1), store, clock: fixedClock });
  return state;
}

describe("a receiver", () => {
  test("that nothing was sent to is unused", async () => {
    expect(await stateOf({})).toEqual({
      name: "slack",
      kind: "slack",
      state: "unused",
      lastDeliveredAt: null,
      lastFailureAt: null,
      lastFailureReason: null,
      givenUpInARow: 0,
      pending: 0,
    });
  });

  test.each<[string, string, Partial<ReceiverTally>]>([
    ["takes notices is ok", "ok", { lastDeliveredAt: ago(60) }],
    ["refused two is ok", "ok", { lastDeliveredAt: ago(60), givenUpInARow: 2 }],
    ["refused three in a row fails", "failing", { lastDeliveredAt: ago(1), givenUpInARow: 3 }],
    ["was tried in vain for 14 minutes is unused yet", "unused", { tryingSince: ago(14), pending: 1 }],
    ["was tried in vain for 16 minutes fails", "failing", { tryingSince: ago(16), pending: 1 }],
    ["took others meanwhile is ok", "ok", { tryingSince: ago(16), lastDeliveredAt: ago(5), pending: 1 }],
    ["took others long ago fails", "failing", { tryingSince: ago(16), lastDeliveredAt: ago(20), pending: 1 }],
  ])("that %s", async (_, state, overrides) => {
    expect((await stateOf(overrides))?.state).toBe(state);
  });

  test("has its times in ISO 8601", async () => {
    const at = { lastDeliveredAt: ago(1), lastFailureAt: ago(2), lastFailureReason: "timeout" } as const;
    expect(await stateOf(at)).toMatchObject({
      lastDeliveredAt: "2026-01-15T09:59:00.000Z",
      lastFailureAt: "2026-01-15T09:58:00.000Z",
      lastFailureReason: "timeout",
    });
  });
});

describe("the watch", () => {
  /** Runs the watch once; the record has this of PagerDuty. */
  async function watched(overrides: Partial<ReceiverTally>, taken = true) {
    const noted: { receiver: string; since: Date | null; title: string; id: string; to: string[]; state: string }[] =
      [];
    let dispatched = 0;
    const log = recordingLog();
    const watch = createWatch({
      receivers,
      store: {
        tallies: async () => new Map([["pagerduty", tally(overrides)]]),
        noteFailing: async (receiver, since, { view, notices }) => {
          const to = notices.map((notice) => `${notice.receiver} ${notice.reason}`);
          noted.push({ receiver, since, title: view.title, id: view.id, state: view.state, to });
          return taken ? [] : null;
        },
      },
      clock: fixedClock,
      log,
      dispatch: async () => {
        dispatched += 1;
      },
    });
    await watch();
    return { noted, dispatched, log };
  }

  test("tells the others of one that begins to fail, with why", async () => {
    const failing = { givenUpInARow: 3, lastFailureAt: ago(1), lastFailureReason: "authError" } as const;
    const { noted, dispatched, log } = await watched(failing);
    expect(noted).toEqual([
      {
        receiver: "pagerduty",
        since: ago(1),
        title: "Receiver pagerduty takes no notices (authError)",
        id: `receiver-pagerduty-${ago(1).getTime().toString(36)}`,
        state: "open",
        to: ["slack first", "webhook first"],
      },
    ]);
    expect(dispatched).toBe(1);
    expect(log.lines).toEqual([expect.stringMatching(/^error A receiver takes no notices .*pagerduty.*authError/)]);
  });

  test("tells them of its end under the same name", async () => {
    const { noted, log } = await watched({ failingSince: ago(30), lastDeliveredAt: ago(0) });
    expect(noted).toMatchObject([
      {
        since: null,
        id: `receiver-pagerduty-${ago(30).getTime().toString(36)}`,
        state: "resolved",
        to: ["slack resolved", "webhook resolved"],
      },
    ]);
    expect(log.lines).toEqual([expect.stringMatching(/^info A receiver takes notices again/)]);
  });

  test("says nothing while nothing changes, or when another process has said it", async () => {
    expect((await watched({ lastDeliveredAt: ago(1) })).noted).toEqual([]);
    expect((await watched({ givenUpInARow: 4, failingSince: ago(5) })).noted).toEqual([]);
    const late = await watched({ givenUpInARow: 3 }, false);
    expect([late.dispatched, late.log.lines]).toEqual([0, []]);
  });
});
