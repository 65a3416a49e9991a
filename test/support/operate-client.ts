import type { z } from "zod";
import type { components } from "../../src/operate/schemas.ts";
import { EventPage, IncidentDetail, IncidentPage, QuarantinePage } from "../../src/operate/schemas.ts";

type Component<K extends keyof typeof components> = z.output<(typeof components)[K]>;

/** One line of /metrics. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The private port as an operator sees it. Every answer is held against the published schemas. */
export interface OperateClient {
  /** All incidents, through all pages. */
  incidents(): Promise<Component<"Incident">[]>;
  incident(id: string): Promise<Component<"IncidentDetail">>;
  /** All events, through all pages. */
  events(filter?: { incident?: string; code?: number }): Promise<Component<"Event">[]>;
  quarantine(): Promise<Component<"QuarantinedItem">[]>;
  samples(): Promise<Sample[]>;
  /** The sum of all series of a metric that carry these labels; 0 when there is none. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** A GET of any path, as it is answered. */
  get(path: string): Promise<Response>;
}

/** Talks to the private port at `baseUrl`. */
export function operateClient(baseUrl: string): OperateClient {
  const get = (path: string) => fetch(baseUrl + path);

  async function json(path: string): Promise<unknown> {
    const response = await get(path);
    if (response.status !== 200) throw new Error(`GET ${path}: expected 200, got ${response.status}`);
    return await response.json();
  }

  async function all<Page extends { nextCursor: string | null }, Item>(
    path: string,
    schema: z.ZodType<Page>,
    items: (page: Page) => readonly Item[],
  ): Promise<Item[]> {
    const found: Item[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const separator = path.includes("?") ? "&" : "?";
      const next: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page: Page = schema.parse(await json(`${path}${separator}limit=500${next}`));
      found.push(...items(page));
      cursor = page.nextCursor;
    }
    return found;
  }

  async function samples(): Promise<Sample[]> {
    const response = await get("/metrics");
    if (response.status !== 200) throw new Error(`GET /metrics: expected 200, got ${response.status}`);
    return parseSamples(await response.text());
  }

  return {
    get,
    samples,
    incidents: () => all("/api/v1/incidents", IncidentPage, ({ incidents }) => incidents),
    incident: async (id) => IncidentDetail.parse(await json(`/api/v1/incidents/${encodeURIComponent(id)}`)),
    events(filter = {}) {
      const query = new URLSearchParams(
        Object.entries(filter).map(([key, value]): [string, string] => [key, String(value)]),
      );
      return all(`/api/v1/events${query.size === 0 ? "" : `?${query}`}`, EventPage, ({ events }) => events);
    },
    quarantine: () => all("/api/v1/quarantine", QuarantinePage, ({ quarantine }) => quarantine),
    async metric(name, labels = {}) {
      const wanted = Object.entries(labels);
      return (await samples())
        .filter((sample) => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value))
        .reduce((sum, { value }) => sum + value, 0);
    },
  };
}

/** Reads the Prometheus text format, as far as it is used here. */
export function parseSamples(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null) return [];
    const labels = [...(match[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, value]) => [key, value]);
    return [{ name: match[1] ?? "", labels: Object.fromEntries(labels), value: Number(match[3]) }];
  });
}

/** By how much each series of these metrics has grown, the unchanged left out: `name{a="b"}` → growth. */
export function growth(
  before: readonly Sample[],
  after: readonly Sample[],
  names: readonly string[],
): Record<string, number> {
  const start = new Map(before.map((sample) => [seriesOf(sample), sample.value]));
  const grown = after
    .filter(({ name }) => names.includes(name))
    .map((sample) => [seriesOf(sample), sample.value - (start.get(seriesOf(sample)) ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, by]) => by !== 0));
}

function seriesOf({ name, labels }: Sample): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${name}{${pairs.map(([key, value]) => `${key}="${value}"`).join(",")}}`;
}
