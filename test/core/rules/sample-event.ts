import type { DebuggerEvent } from "../../../src/core/event.ts";

/** An event of 80604; what a test cares about is overridden. */
export function sampleEvent(over: Partial<DebuggerEvent> = {}): DebuggerEvent {
  return {
    sid: `NO${"0".repeat(32)}`,
    source: "debugger",
    account: `AC${"a".repeat(32)}`,
    parentAccount: null,
    code: 80604,
    level: "WARNING",
    productName: null,
    occurredAt: "2026-01-15T10:00:00.000Z",
    resource: `KC${"b".repeat(32)}`,
    service: `KS${"c".repeat(32)}`,
    payload: {},
    ...over,
  };
}
