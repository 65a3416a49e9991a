import { describe, expect, test } from "vitest";
import { noTracing } from "../../src/pipeline/trace-ports.ts";
import { JobData } from "../../src/queue/jobs.ts";
import { NoticeJob } from "../../src/queue/notice-jobs.ts";
import { type Outgoing, processingSpec, sending } from "../../src/queue/spans.ts";
import { work } from "../contract/work-queue.suite.ts";
import { linkedTracing, traceParent } from "../support/linked-tracing.ts";

const message = (id: number, queue: string, trace: number | null): Outgoing => {
  return { id: `job-${id}`, queue, trace: trace === null ? null : traceParent(trace) };
};

describe("sending", () => {
  test("has a span for each queue and trace, and every job carries its own", async () => {
    const tracing = linkedTracing();
    const messages = [
      message(1, "q", 1),
      message(2, "q", 2),
      message(3, "q", 1),
      message(4, "r", 1),
      message(5, "q", null),
    ];
    const carried = await sending(tracing, messages, async (all) => messages.map((each) => all.get(each)));
    expect(tracing.recorded.map(({ name, kind, parent }) => [name, kind, parent])).toEqual([
      ["send q", "producer", traceParent(1)],
      ["send q", "producer", traceParent(2)],
      ["send r", "producer", traceParent(1)],
      ["send q", "producer", null],
    ]);
    const [both, two, other, loose] = tracing.recorded;
    expect(both?.attributes).toEqual({
      "messaging.system": "bullmq",
      "messaging.operation.name": "send",
      "messaging.operation.type": "send",
      "messaging.destination.name": "q",
      "messaging.batch.message_count": 2,
    });
    expect(two?.attributes).toMatchObject({ "messaging.message.id": "job-2" });
    expect(carried).toEqual([
      { trace: traceParent(1), sentBy: both?.context },
      { trace: traceParent(2), sentBy: two?.context },
      { trace: traceParent(1), sentBy: both?.context },
      { trace: traceParent(1), sentBy: other?.context },
      // It continues nothing but its sending.
      { trace: loose?.context, sentBy: loose?.context },
    ]);
    expect(tracing.recorded.every(({ ended }) => ended)).toBe(true);
  });

  test("that fails, fails them all", async () => {
    const tracing = linkedTracing();
    const refused = sending(tracing, [message(1, "q", 1), message(2, "q", 2)], () => Promise.reject(new Error("away")));
    await expect(refused).rejects.toThrow("away");
    expect(tracing.recorded.map(({ failed }) => failed)).toEqual(["rejected", "rejected"]);
  });

  test("puts nothing into a job while tracing is off", async () => {
    const messages = [message(1, "q", null)];
    expect(await sending(noTracing, messages, async (all) => messages.map((each) => all.get(each)))).toEqual([{}]);
  });
});

describe("processing", () => {
  test("continues what the job says and is linked to its sending", () => {
    const spec = processingSpec({ queue: "q", id: "job-1", trace: traceParent(1), sentBy: traceParent(2) });
    expect(spec).toMatchObject({
      name: "process q",
      kind: "consumer",
      parent: traceParent(1),
      links: [traceParent(2)],
      attributes: { "messaging.operation.name": "process", "messaging.message.id": "job-1" },
    });
  });

  test("of a job without a trace begins one", () => {
    expect(processingSpec({ queue: "q", id: "job-1" })).toMatchObject({ parent: null, links: [] });
  });
});

describe("a job", () => {
  test.each([7, {}, "x".repeat(200), null])("whose trace is %j is done all the same", (trace) => {
    expect(JobData.parse({ ...work("1"), trace, sentBy: trace })).toEqual({ ...work("1"), trace: null, sentBy: null });
    expect(NoticeJob.parse({ id: "1", trace })).toEqual({ id: "1", trace: null });
  });

  test("of a process that does not trace has none", () => {
    expect(JobData.parse(work("1"))).toEqual(work("1"));
  });
});
