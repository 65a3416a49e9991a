import { z } from "zod";

const Cause = z.object({ id: z.string(), text: z.string(), verdict: z.string() });
const Remedy = z.object({ id: z.string(), text: z.string(), command: z.string().optional() });

/** An incident as the demo reads it from the API. */
export const ObservedIncident = z.object({
  id: z.string(),
  code: z.number(),
  title: z.string(),
  product: z.string(),
  severity: z.string(),
  state: z.string(),
  count: z.number(),
  docsUrl: z.string(),
  causes: z.array(Cause),
  evidence: z.array(z.object({ text: z.string(), source: z.string() })),
  conflicts: z.array(z.object({ sid: z.string(), kind: z.string(), state: z.string() })),
  remedies: z.array(Remedy),
  diagnoses: z.array(z.object({ eventSid: z.string() })).default([]),
});
export type ObservedIncident = z.infer<typeof ObservedIncident>;

/** Everything the demo reads back, through the same API and metrics an operator would use. */
export interface Observation {
  readonly incidents: readonly ObservedIncident[];
  readonly events: number;
  readonly quarantined: number;
  readonly metrics: string;
}

/** Reads the record back. Throws when the API answers anything but 200. */
export async function observe(adminUrl: string): Promise<Observation> {
  const list = z
    .object({ incidents: z.array(ObservedIncident) })
    .parse(await get(`${adminUrl}/api/v1/incidents?limit=100`));
  const incidents = await Promise.all(
    list.incidents.map(async ({ id }) => ObservedIncident.parse(await get(`${adminUrl}/api/v1/incidents/${id}`))),
  );
  const quarantine = z
    .object({ quarantine: z.array(z.unknown()) })
    .parse(await get(`${adminUrl}/api/v1/quarantine?limit=100`));
  return {
    incidents,
    events: await countEvents(adminUrl),
    quarantined: quarantine.quarantine.length,
    metrics: await (await fetch(`${adminUrl}/metrics`)).text(),
  };
}

async function countEvents(adminUrl: string): Promise<number> {
  const Page = z.object({ events: z.array(z.object({ sid: z.string() })), nextCursor: z.string().nullable() });
  const sids = new Set<string>();
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: z.infer<typeof Page> = Page.parse(
      await get(`${adminUrl}/api/v1/events?limit=500${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`),
    );
    for (const { sid } of page.events) sids.add(sid);
    cursor = page.nextCursor;
  }
  return sids.size;
}

async function get(url: string): Promise<unknown> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`expected 200 from ${url}, got ${response.status}`);
  return await response.json();
}

/** Sum of all series of a metric whose labels contain all the given pairs. */
export function metricSum(text: string, name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) && wanted.every((pair) => line.includes(pair)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
