import type { DebuggerEvent } from "../../src/core/event.ts";
import { parseForm } from "../../src/core/wire/form.ts";
import { parse } from "../../src/pipeline/parse.ts";
import { templates } from "./templates.ts";

/** The events of the usual mix as they come out of the parser, not yet redacted. */
export function parsedEvents(): readonly DebuggerEvent[] {
  return templates.map((template, index) => {
    const request = template.webhook(template.sids("parsed", index, false), false);
    const body = request.subarray(request.indexOf("\r\n\r\n") + 4);
    const form = parseForm(body);
    if (!form.ok) throw new Error("expected a form");
    const [parsed] = parse(
      { source: "debugger", bodyType: "form", target: "", signature: null, body, receivedAt: new Date(0) },
      form.fields,
    );
    if (parsed?.kind !== "event") throw new Error(`expected an event, got ${parsed?.kind}`);
    return parsed.event;
  });
}
