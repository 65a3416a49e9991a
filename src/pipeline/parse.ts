import type { Parsed } from "../core/event.ts";
import { parseAlarm, parseAlarmJson } from "../core/wire/alarm.ts";
import { parseDebuggerWebhook } from "../core/wire/debugger-webhook.ts";
import { parseEventStreams } from "../core/wire/event-streams.ts";
import type { FormFields } from "../core/wire/form.ts";
import type { Delivery } from "./ports.ts";

/** Reads what a verified delivery carries. Total: whatever comes in becomes events, ignored or quarantined entries. */
export function parse(delivery: Delivery, fields: FormFields | null): readonly Parsed[] {
  switch (delivery.source) {
    case "debugger":
      return fields === null ? [] : [parseDebuggerWebhook(fields)];
    case "alarm":
      return [fields === null ? parseAlarmJson(delivery.body) : parseAlarm(fields)];
    case "event_streams":
      return parseEventStreams(delivery.body);
    default:
      return [];
  }
}
