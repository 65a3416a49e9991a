import { describe, expect, test } from "vitest";
import { compileRouting } from "../../../src/core/notice/route.ts";
import type { PendingNotice } from "../../../src/pipeline/notice-ports.ts";
import type { LookResult, NoticeStore } from "../../../src/pipeline/notice-record-ports.ts";
import { createLooker } from "../../../src/pipeline/notices/look.ts";
import { fixedClock, now, recordingLog } from "../fakes.ts";

const notice = (id: string): PendingNotice => ({
  id,
  receiver: "slack",
  incidentId: "inc_1",
  transition: "opened",
  reason: "first",
  digest: null,
  about: null,
  decidedAt: now,
});

const nothing: LookResult = { notices: [], held: [], more: false };

/** A looker over a log that gives these results one after the other; due as long as there are any. */
function world(results: LookResult[], options: { queueAway?: () => boolean; overdue?: PendingNotice[] } = {}) {
  const journal: string[] = [];
  const log = recordingLog();
  let looking = 0;
  const store: Pick<NoticeStore, "isDue" | "look" | "markDispatched" | "overdue"> = {
    isDue: async () => results.length > 0,
    look: async () => {
      looking += 1;
      expect(looking).toBe(1);
      await Promise.resolve();
      looking -= 1;
      journal.push("look");
      return results.shift() ?? nothing;
    },
    markDispatched: async (ids) => void journal.push(`mark ${ids.join(" ")}`),
    overdue: async (_receivers, at, before) => {
      journal.push(`overdue ${(at.getTime() - before.getTime()) / 1000}`);
      return options.overdue ?? [];
    },
  };
  const looker = createLooker({
    store: store as NoticeStore,
    queue: {
      add: async (notices) => {
        if (options.queueAway?.() === true) throw new Error("queue away");
        journal.push(`add ${notices.map(({ id }) => id).join(" ")}`);
      },
    },
    policy: {
      receivers: [],
      routing: compileRouting({ receivers: [] }, []),
      stormThreshold: 10,
      links: { incident: null, runbook: null, grafana: null },
      advice: () => null,
    },
    telemetry: {
      notice: (...counted) => void journal.push(`count ${counted.join(" ")}`),
      noticeDelay: () => undefined,
    },
    clock: fixedClock,
    log,
  });
  return { looker, journal, log };
}

describe("a look", () => {
  test("opens no transaction while nothing is due", async () => {
    const { looker, journal } = world([]);
    await looker.look();
    expect(journal).toEqual([]);
  });

  test("counts what was held back and hands over what was decided, until no more is due", async () => {
    const held = { receiver: "slack", reason: "suppressed_silence" } as never;
    const { looker, journal } = world([{ notices: [notice("1"), notice("2")], held: [held], more: true }, nothing]);
    await looker.look();
    expect(journal).toEqual(["look", "count slack suppressed suppressed_silence", "add 1 2", "mark 1 2", "look"]);
  });

  test("asked for while one is under way follows it, once", async () => {
    const { looker, journal } = world([nothing, nothing, nothing, nothing]);
    await Promise.all([looker.look(), looker.look(), looker.look()]);
    await looker.settled();
    expect(journal.length).toBeLessThanOrEqual(2);
  });

  test("lets others have their turn though more and more is due", async () => {
    const { looker, journal } = world(Array.from({ length: 100 }, () => ({ ...nothing, more: true })));
    await looker.look();
    expect(journal).toHaveLength(40);
  });

  test("nudged returns at once and says of a failure in the log", async () => {
    const { looker, log } = world([]);
    const failing = createLooker({
      ...({} as never as Parameters<typeof createLooker>[0]),
      store: { isDue: () => Promise.reject(new Error("database away")) } as never,
      clock: fixedClock,
      log,
    });
    failing.nudge();
    await failing.settled();
    await Promise.resolve();
    expect(log.lines).toEqual([expect.stringMatching(/^warn Looking for news failed/)]);
    await looker.settled();
  });
});

describe("handing over", () => {
  test("fails quietly while the queue is away, told once, and marks nothing", async () => {
    let away = true;
    const { looker, journal, log } = world([], { queueAway: () => away });
    await looker.dispatch([notice("1")]);
    await looker.dispatch([notice("2")]);
    expect(journal).toEqual([]);
    expect(log.lines).toHaveLength(1);
    away = false;
    await looker.dispatch([notice("3")]);
    expect(journal).toEqual(["add 3", "mark 3"]);
  });

  test("again brings what has waited for a quarter of a minute", async () => {
    const { looker, journal } = world([], { overdue: [notice("7")] });
    await looker.redispatch();
    expect(journal).toEqual(["overdue 15", "add 7", "mark 7"]);
  });
});
