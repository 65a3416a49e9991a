import { Requeued } from "../operate/schemas.ts";
import { type AdminClient, type Outcome, overAdmin } from "./admin-client.ts";

/** Has what was given up tried again, at most `limit` (all that fits into one request when left out). */
export async function requeue(client: AdminClient, limit: number | undefined): Promise<Outcome> {
  const answer = await client.post("/api/v1/requeue", limit === undefined ? {} : { limit }, Requeued);
  if (!answer.ok) return answer;
  const { requeued } = answer.value;
  if (requeued === 0) return { ok: true, text: "Nothing to try again: nothing was given up." };
  return {
    ok: true,
    text: requeued === 1 ? "1 piece of work is tried again." : `${requeued} pieces of work are tried again.`,
  };
}

/** `faultline requeue`. Returns the exit code. */
export function runRequeue(options: { limit?: number; url?: string }): Promise<number> {
  return overAdmin(options.url, (client) => requeue(client, options.limit));
}
