import { userInfo } from "node:os";
import { type Matcher, matcherText, parseMatcher } from "../core/notice/matcher.ts";
import { durationMs } from "../core/rules/duration.ts";
import { Silence, SilenceList } from "../operate/schemas.ts";
import { type AdminClient, type Outcome, overAdmin } from "./admin-client.ts";
import { printable } from "./printable.ts";

/** What `faultline silence add` was given. */
export interface SilenceRequest {
  /** In Alertmanager's notation: `code=80604`, `severity=~"error|critical"`. */
  readonly matchers: readonly string[];
  /** A period such as `2h`. */
  readonly for: string;
  readonly comment: string;
  /** Who is to be asked about it. */
  readonly by: string;
}

/** Has the running process keep quiet about the incidents that match, from `now` on. */
export async function addSilence(client: AdminClient, request: SilenceRequest, now: Date): Promise<Outcome> {
  const matchers: Matcher[] = [];
  for (const text of request.matchers) {
    const parsed = parseMatcher(text);
    if (!parsed.ok) return mistake("a matcher such as code=80604", text, parsed.fix);
    matchers.push(parsed.matcher);
  }
  const ms = durationMs(request.for.trim().toLowerCase());
  if (ms === null) return mistake("--for with a period from 1s to 31d", request.for, "write for example --for 2h");
  const endsAt = new Date(now.getTime() + ms).toISOString();
  const body = { matchers, comment: request.comment, createdBy: request.by, endsAt };
  const answer = await client.post("/api/v1/silences", body, Silence);
  if (!answer.ok) return answer;
  return {
    ok: true,
    text: `${answer.value.id} keeps quiet about ${conditions(answer.value)} until ${answer.value.endsAt}.`,
  };
}

/** The silences in force or to come; with `all` those that have ended, too. */
export async function listSilences(client: AdminClient, all: boolean): Promise<Outcome> {
  const answer = await client.get(`/api/v1/silences?limit=500${all ? "&ended=true" : ""}`, SilenceList);
  if (!answer.ok) return answer;
  const lines = answer.value.silences.map((silence) => {
    const { id, state, startsAt, endsAt, createdBy, comment } = silence;
    const when = state === "pending" ? `from ${startsAt} to ${endsAt}` : `until ${endsAt}`;
    return printable(`${id}  ${state} ${when}  ${conditions(silence)}  ${createdBy}: ${comment}`);
  });
  return { ok: true, text: lines.length === 0 ? "No silences." : lines.join("\n") };
}

/** Ends a silence now. */
export async function expireSilence(client: AdminClient, id: string): Promise<Outcome> {
  const answer = await client.delete(`/api/v1/silences/${encodeURIComponent(id)}`, Silence);
  if (!answer.ok) return answer;
  return { ok: true, text: `${answer.value.id} has ended at ${answer.value.endsAt}.` };
}

function conditions({ matchers }: Silence): string {
  return printable(matchers.map((each) => matcherText(each)).join(", "));
}

function mistake(expected: string, got: string, fix: string): Outcome {
  return { ok: false, text: `expected ${expected}, got ${JSON.stringify(printable(got))}. Fix: ${fix}.` };
}

/** `faultline silence add`. Returns the exit code. */
export async function runAddSilence(
  matchers: readonly string[],
  options: { for: string; comment: string; by?: string; url?: string },
): Promise<number> {
  const { systemClock } = await import("../app.ts");
  const request = { matchers, for: options.for, comment: options.comment, by: options.by ?? userName() };
  return await overAdmin(options.url, (client) => addSilence(client, request, systemClock.now()));
}

/** `faultline silence list`. Returns the exit code. */
export function runListSilences(options: { all?: boolean; url?: string }): Promise<number> {
  return overAdmin(options.url, (client) => listSilences(client, options.all === true));
}

/** `faultline silence expire`. Returns the exit code. */
export function runExpireSilence(id: string, options: { url?: string }): Promise<number> {
  return overAdmin(options.url, (client) => expireSilence(client, id));
}

/** Who is logged in; containers often run under a number without a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "faultline silence";
  }
}
