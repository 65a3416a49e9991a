import { describe, expect, test } from "vitest";
import { sendFailureReasons } from "../../../src/core/notice/notice.ts";
import type { PendingNotice } from "../../../src/pipeline/notice-ports.ts";
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
    ["was tried in vain for 15 minutes is unused yet", "unused", { tryingSince: ago(15), pending: 1 }],
    ["was tried in vain for 16 minutes fails", "failing", { tryingSince: ago(16), pending: 1 }],
    ["took others meanwhile is ok", "ok", { tryingSince: ago(16), lastDeliveredAt: ago(5), pending: 1 }],
    ["took others long ago fails", "failing", { tryingSince: ago(16), lastDeliveredAt: ago(20), pending: 1 }],
  ])("that %s", async (_, state, overrides) => {
    expect((await stateOf(overrides))?.state).toBe(state);
  });

  test("stands where the configuration has it, though the log knows nothing of it", async () => {
    const store = { tallies: async () => new Map([["webhook", tally({ pending: 2 })]]), noteFailing: async () => null };
    const states = await receiverStates({ receivers, store, clock: fixedClock });
    expect(states.map(({ name, state, pending }) => [name, state, pending])).toEqual([
      ["slack", "unused", 0],
      ["pagerduty", "unused", 0],
      ["webhook", "unused", 2],
    ]);
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

  test.each<[string, Date, Partial<ReceiverTally>]>([
    ["it has been tried in vain", ago(20), { tryingSince: ago(20), lastFailureAt: ago(1) }],
    ["it failed last", ago(1), { givenUpInARow: 3, lastFailureAt: ago(1) }],
    ["now, when the log does not say", now, { givenUpInARow: 3 }],
  ])("counts the failing since %s", async (_, since, overrides) => {
    expect((await watched(overrides)).noted).toMatchObject([{ since }]);
  });
});

/** A log that keeps who is on record as failing, over as many rounds as are run. */
function rounds(names: readonly string[]) {
  const tallies = new Map(names.map((name) => [name, tally()]));
  const told: string[] = [];
  const views: Parameters<Parameters<typeof createWatch>[0]["store"]["noteFailing"]>[2][] = [];
  const handedOver: PendingNotice[] = [];
  const log = recordingLog();
  const watch = createWatch({
    receivers: names.map((name) => ({ name, kind: "webhook" })),
    store: {
      tallies: async (asked) => new Map([...tallies].filter(([name]) => asked.includes(name))),
      noteFailing: async (name, failingSince, about) => {
        views.push(about);
        tallies.set(name, { ...tally(), ...tallies.get(name), failingSince });
        return about.notices.map(({ receiver, transition }) => {
          told.push(`${receiver}: ${about.view.title} ${transition}`);
          return { id: String(told.length), receiver, transition } as PendingNotice;
        });
      },
    },
    clock: fixedClock,
    log,
    dispatch: async (notices) => void handedOver.push(...notices),
  });
  const set = (name: string, overrides: Partial<ReceiverTally>) =>
    tallies.set(name, { ...tally(), ...tallies.get(name), ...overrides });
  return { watch, set, told, views, handedOver, log };
}

describe("over the rounds of the watch", () => {
  test("three failures in a row are told once, to the others only, and so is the end", async () => {
    const { watch, set, told, handedOver } = rounds(["a", "b", "c"]);
    for (const givenUpInARow of [0, 1, 2]) {
      set("b", { givenUpInARow, lastFailureAt: ago(3), lastFailureReason: "clientError" });
      await watch();
    }
    expect(told).toEqual([]);
    set("b", { givenUpInARow: 3 });
    await watch();
    await watch();
    const title = "Receiver b takes no notices (clientError)";
    expect(told).toEqual([`a: ${title} opened`, `c: ${title} opened`]);

    set("b", { givenUpInARow: 0, lastDeliveredAt: now });
    await watch();
    await watch();
    expect(told.slice(2)).toEqual([`a: ${title} resolved`, `c: ${title} resolved`]);
    expect(handedOver.map(({ id }) => id)).toEqual(["1", "2", "3", "4"]);
  });

  test("two that fail at once are told, each to all but itself", async () => {
    const { watch, set, told } = rounds(["a", "b"]);
    for (const name of ["a", "b"]) set(name, { givenUpInARow: 3, lastFailureReason: "timeout" });
    await watch();
    expect(told).toEqual([
      "b: Receiver a takes no notices (timeout) opened",
      "a: Receiver b takes no notices (timeout) opened",
    ]);
  });

  test("the only one that fails is on record and in the log, with nobody to tell", async () => {
    const { watch, set, told, views, log } = rounds(["a"]);
    set("a", { givenUpInARow: 3 });
    await watch();
    await watch();
    expect([told, views.length]).toEqual([[], 1]);
    expect(log.lines).toEqual([expect.stringMatching(/^error A receiver takes no notices /)]);
  });

  test("what begins another time is another incident", async () => {
    const { watch, set, views } = rounds(["a", "b"]);
    for (const minutes of [30, 10]) {
      set("a", { givenUpInARow: 3, lastFailureAt: ago(minutes) });
      await watch();
      set("a", { givenUpInARow: 0 });
      await watch();
    }
    const ids = views.map(({ view }) => `${view.id} ${view.state}`);
    const [first, second] = [30, 10].map((minutes) => `receiver-a-${ago(minutes).getTime().toString(36)}`);
    expect(ids).toEqual([`${first} open`, `${first} resolved`, `${second} open`, `${second} resolved`]);
  });

  test.each(sendFailureReasons)("%s is told with what to do about it, in the shape of an incident", async (reason) => {
    const { watch, set, views } = rounds(["a", "b"]);
    set("a", { givenUpInARow: 4, lastFailureAt: ago(5), lastFailureReason: reason });
    await watch();
    const [{ view, notices } = { view: null, notices: [] }] = views;
    expect(view).toMatchObject({
      state: "open",
      severity: "error",
      code: 0,
      product: "Faultline",
      count: 4,
      firstSeen: ago(5).toISOString(),
      lastSeen: now.toISOString(),
      resolvedAt: null,
      remedies: [{ text: expect.stringMatching(/: .{10,}\.$/), command: "faultline check --send-test" }],
    });
    expect(notices).toEqual([
      {
        receiver: "b",
        transition: "opened",
        reason: "first",
        since: now,
        count: 4,
        severity: "error",
        leadingCause: null,
      },
    ]);
  });
});
