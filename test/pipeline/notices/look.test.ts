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
function world(
  results: LookResult[],
  options: {
    queueAway?: () => boolean;
    markAway?: () => boolean;
    overdue?: PendingNotice[];
    isDue?: () => Promise<void>;
    onLook?: (...of: Parameters<NoticeStore["look"]>) => void;
  } = {},
) {
  const journal: string[] = [];
  const log = recordingLog();
  let looking = 0;
  const store: Pick<NoticeStore, "isDue" | "look" | "markDispatched" | "overdue"> = {
    isDue: async () => {
      await options.isDue?.();
      return results.length > 0;
    },
    look: async (...of) => {
      options.onLook?.(...of);
      looking += 1;
      expect(looking).toBe(1);
      await Promise.resolve();
      looking -= 1;
      journal.push("look");
      return results.shift() ?? nothing;
    },
    markDispatched: async (ids) => {
      if (options.markAway?.() === true) throw new Error("database away");
      journal.push(`mark ${ids.join(" ")}`);
    },
    overdue: async (receivers, at, before, limit) => {
      journal.push(`overdue ${receivers.join(" ")} ${(at.getTime() - before.getTime()) / 1000} ${limit}`);
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
      receivers: [
        { name: "slack", kind: "slack" },
        { name: "webhook", kind: "webhook" },
      ],
      routing: compileRouting({ receivers: [] }, []),
      stormThreshold: 10,
      links: { incident: null, runbook: null, grafana: "https://grafana.example.com" },
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
    expect(journal).toEqual(["look", "look"]);
  });

  test("asked for at any moment as another ends is not forgotten", async () => {
    for (let turns = 0; turns < 30; turns += 1) {
      const results: LookResult[] = [];
      const { looker, journal } = world(results);
      const first = looker.look();
      for (let left = turns; left > 0; left -= 1) await Promise.resolve();
      results.push(nothing);
      await Promise.all([first, looker.look()]);
      expect([turns, journal]).toEqual([turns, ["look"]]);
    }
  });

  test("takes a few incidents at once, with the openings a storm is known by, and judges them by the policy", async () => {
    let seen: unknown[] = [];
    const { looker } = world([nothing], {
      onLook: (at, limits, judge) => {
        const undigested = { receiver: "slack", group: null, product: "Proxy", code: 80604, title: "", count: 1 };
        const { digests } = judge([], {
          now: at,
          silences: [],
          openingsTold: new Map(),
          openings: [],
          undigested: [{ ...undigested, since: new Date(at.getTime() - 60_000) }],
          lastDigests: [],
        });
        seen = [at, limits, digests.map(({ receiver, digest }) => [receiver, digest.links.grafana])];
      },
    });
    await looker.look();
    expect(seen).toEqual([
      now,
      { incidents: 100, openings: 11, digests: true },
      [["slack", "https://grafana.example.com"]],
    ]);
  });

  test("decides about digests once in a row of looks", async () => {
    const asked: boolean[] = [];
    const { looker } = world([{ ...nothing, more: true }, { ...nothing, more: true }, nothing, nothing], {
      onLook: (_at, { digests }) => void asked.push(digests),
    });
    await looker.look();
    await looker.look();
    expect(asked).toEqual([true, false, false, true]);
  });

  test("that fails is told to those who asked, and the next one works", async () => {
    let away = true;
    const { looker, journal } = world([nothing], {
      onLook: () => {
        if (away) throw new Error("database away");
      },
    });
    await expect(Promise.all([looker.look(), looker.look()])).rejects.toThrow("database away");
    away = false;
    await looker.look();
    expect(journal).toEqual(["look"]);
  });

  test("whose notices cannot be handed over goes on with what else is due", async () => {
    const { looker, journal, log } = world([{ ...nothing, notices: [notice("1")], more: true }, nothing], {
      queueAway: () => true,
    });
    await looker.look();
    expect(journal).toEqual(["look", "look"]);
    expect(log.lines).toEqual([expect.stringMatching(/^warn Notices not handed to the queue/)]);
  });

  test("under way is waited for by who stops, whatever comes of it", async () => {
    const gate = Promise.withResolvers<void>();
    const { looker, journal } = world([nothing], { isDue: () => gate.promise });
    looker.nudge();
    let settled = false;
    const stopping = looker.settled().then(() => {
      settled = true;
    });
    await new Promise(setImmediate);
    expect([settled, journal]).toEqual([false, []]);
    gate.resolve();
    await stopping;
    expect(journal).toEqual(["look"]);

    const broken = Promise.withResolvers<void>();
    const failing = world([nothing], { isDue: () => broken.promise });
    failing.looker.nudge();
    broken.reject(new Error("database away"));
    await expect(failing.looker.settled()).resolves.toBeUndefined();
  });

  test("lets others have their turn though more and more is due", async () => {
    const { looker, journal } = world(Array.from({ length: 100 }, () => ({ ...nothing, more: true })));
    await looker.look();
    expect(journal).toHaveLength(10);
  });

  test("nudged returns at once, says of a failure in the log, and looks again at the next nudge", async () => {
    let away = true;
    const { looker, log, journal } = world([nothing], {
      onLook: () => {
        if (away) throw new Error("database away");
      },
    });
    looker.nudge();
    expect(journal).toEqual([]);
    await looker.settled();
    expect(log.lines).toEqual([expect.stringMatching(/^warn Looking for news failed/)]);
    away = false;
    looker.nudge();
    await looker.settled();
    expect(journal).toEqual(["look"]);
    expect(log.lines).toHaveLength(1);
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
    away = true;
    await looker.dispatch([notice("4")]);
    expect(log.lines).toHaveLength(2);
  });

  test("that cannot be noted is told; the sweep hands over once more", async () => {
    const { looker, journal, log } = world([], { markAway: () => true });
    await looker.dispatch([notice("1")]);
    expect(journal).toEqual(["add 1"]);
    expect(log.lines).toHaveLength(1);
  });

  test("again brings what has waited for a quarter of a minute, to those who are configured, so many at once", async () => {
    const { looker, journal } = world([], { overdue: [notice("7")] });
    await looker.redispatch();
    expect(journal).toEqual(["overdue slack webhook 15 500", "add 7", "mark 7"]);
  });

  test("nothing troubles nobody", async () => {
    const { looker, journal } = world([]);
    await looker.redispatch();
    expect(journal).toEqual(["overdue slack webhook 15 500"]);
  });
});
