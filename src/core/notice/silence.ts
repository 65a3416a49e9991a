/*
 * Silences: for a time, nobody is told of the incidents that match. They are made through the API, in Alertmanager's words.
 * https://prometheus.io/docs/alerting/latest/alerts_api/
 */
import { z } from "zod";
import type { Labels } from "./labels.ts";
import { compileMatcher, isMetByNothing, Matcher, matcherText } from "./matcher.ts";

const Time = z.iso.datetime({ offset: true });

/** What is asked for with `POST /api/v1/silences`. */
export const SilenceBody = z
  .strictObject({
    matchers: z.array(Matcher).min(1).max(20).describe("All must match"),
    comment: z.string().trim().min(1).max(1_000).describe("Why, for those who wonder"),
    createdBy: z.string().trim().min(1).max(200),
    startsAt: Time.optional().describe("ISO 8601; now when left out"),
    endsAt: Time.describe("ISO 8601"),
  })
  .superRefine(({ matchers, startsAt, endsAt }, context) => {
    // As in Alertmanager: such a silence is a slip far more often than a wish.
    if (matchers.every(isMetByNothing)) {
      const message = "add a matcher that a missing label does not meet; this one would silence nearly everything";
      context.addIssue({ code: "custom", path: ["matchers"], message });
    }
    if (startsAt !== undefined && Date.parse(startsAt) >= Date.parse(endsAt)) {
      context.addIssue({ code: "custom", path: ["endsAt"], message: "end it after it starts" });
    }
  });
export type SilenceBody = z.infer<typeof SilenceBody>;

/** A silence on record. Times ISO 8601 UTC. */
export interface Silence {
  readonly id: string;
  /** As they were checked when the silence was made. */
  readonly matchers: readonly (Omit<Matcher, "name"> & { readonly name: string })[];
  readonly comment: string;
  readonly createdBy: string;
  readonly startsAt: string;
  readonly endsAt: string;
}

/** The silence that a checked body asks for, without its id; null when it would end before it could begin. */
export function silenceOf(body: SilenceBody, now: Date): Omit<Silence, "id"> | null {
  const startsAt = new Date(body.startsAt ?? now);
  const endsAt = new Date(body.endsAt);
  if (endsAt <= now || endsAt <= startsAt) return null;
  const { matchers, comment, createdBy } = body;
  return { matchers, comment, createdBy, startsAt: startsAt.toISOString(), endsAt: endsAt.toISOString() };
}

/** What keeps quiet about an incident, and when the last of it ends. */
export interface Silenced {
  readonly by: Silence;
  readonly until: Date;
}

/** The silence that covers these labels now, the one that ends last if several do; null without any. */
export function silencedBy(labels: Labels, silences: readonly Silence[], now: Date): Silenced | null {
  let found: Silenced | null = null;
  for (const silence of silences) {
    const until = new Date(silence.endsAt);
    const inForce = new Date(silence.startsAt) <= now && now < until;
    if (!inForce || (found !== null && until <= found.until)) continue;
    if (silence.matchers.length > 0 && silence.matchers.every((each) => covers(each, labels))) {
      found = { by: silence, until };
    }
  }
  return found;
}

/** Its conditions, in Alertmanager's notation. */
export function silenceText({ matchers }: Pick<Silence, "matchers">): string {
  return matchers.map(matcherText).join(", ");
}

/** One that is not as it should be silences nothing: the record may be older than the rules for it. */
function covers(matcher: Silence["matchers"][number], labels: Labels): boolean {
  const checked = Matcher.safeParse(matcher);
  return checked.success && compileMatcher(checked.data)(labels).holds;
}
