import type { z } from "zod";
import { type Labels, labelNames, labelsOf, parseLabels } from "../core/notice/labels.ts";
import { Incident, Routing } from "../operate/schemas.ts";
import { type AdminClient, type Outcome, overAdmin } from "./admin-client.ts";
import { printable } from "./printable.ts";

/** The one incident as the API gives it; what else comes with it is not looked at. */
const OneIncident = Incident.loose();

/**
 * Asks the running process which receivers would be told of an incident, and why. `words` are the id of one on record, or
 * the labels of one that is made up: `severity=error code=80604`.
 */
export async function explainRouting(client: AdminClient, words: readonly string[]): Promise<Outcome> {
  const labels = await labelsFor(client, words);
  if ("text" in labels) return labels;
  const answer = await client.get(`/api/v1/routing?${new URLSearchParams(labels.given)}`, Routing);
  if (!answer.ok) return answer;
  const { explanation, silencedBy } = answer.value;
  const lines = silencedBy === null ? explanation : [...explanation, silenceLine(silencedBy)];
  return { ok: true, text: lines.map(printable).join("\n") };
}

async function labelsFor(client: AdminClient, words: readonly string[]): Promise<{ given: Labels } | Outcome> {
  const [first = ""] = words;
  if (words.length === 1 && !first.includes("=")) {
    const answer = await client.get(`/api/v1/incidents/${encodeURIComponent(first)}`, OneIncident);
    return answer.ok ? { given: labelsOf(answer.value) } : answer;
  }
  const parsed = parseLabels(words);
  if (parsed.ok) return { given: parsed.labels };
  const fix = `write name=value with one of ${labelNames.join(", ")}`;
  const got = JSON.stringify(printable(parsed.word));
  return {
    ok: false,
    text: `expected the id of an incident, or labels such as severity=error, got ${got}. Fix: ${fix}.`,
  };
}

function silenceLine({ id, endsAt, createdBy, comment }: NonNullable<z.infer<typeof Routing>["silencedBy"]>): string {
  return `But ${id} keeps quiet about it until ${endsAt}, by ${createdBy}: ${comment}`;
}

/** `faultline route`. Returns the exit code. */
export function runRoute(words: readonly string[], options: { url?: string }): Promise<number> {
  return overAdmin(options.url, (client) => explainRouting(client, words));
}
