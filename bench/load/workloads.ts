import { streamRequest, type Template, templates } from "./templates.ts";

/** What one request brings. */
export interface Made {
  readonly request: Buffer;
  /** Events nobody has sent before, properly signed. */
  readonly fresh: number;
  /** Whether it is to be refused. */
  readonly refused: boolean;
}

/** A kind of traffic. */
export interface Workload {
  readonly name: string;
  /** Events of one request. */
  readonly batch: number;
  /** Requests in the order of sending; no two streams of different seeds share an event. */
  requests(seed: string): Generator<Made, void>;
}

/** One event a request. */
function webhooks(
  name: string,
  how: { own?: boolean; first?: number; kinds?: number; repeat?: number; forge?: number },
): Workload {
  const { own = false, first = 0, kinds = templates.length, repeat = 0, forge = 0 } = how;
  return {
    name,
    batch: 1,
    *requests(seed) {
      // What is sent again came that many requests before, as from a sender that saw no answer.
      const recent: Buffer[] = [];
      for (let index = 0; ; index += 1) {
        const again = repeat > 0 && index % repeat === repeat - 1 ? recent[index % recent.length] : undefined;
        if (again !== undefined) {
          yield { request: again, fresh: 0, refused: false };
          continue;
        }
        const refused = forge > 0 && index % forge === forge - 1;
        const template = templateAt(first + (index % kinds));
        const request = template.webhook(template.sids(seed, index, own), refused);
        if (repeat > 0 && recent.length < 512) recent.push(request);
        else if (repeat > 0) recent[(index >> 1) % 512] = request;
        yield { request, fresh: refused ? 0 : 1, refused };
      }
    },
  };
}

/** Many events a request. */
function streams(name: string, batch: number, kinds = templates.length): Workload {
  return {
    name,
    batch,
    *requests(seed) {
      for (let index = 0; ; index += batch) {
        const events = Array.from({ length: batch }, (_, place) => {
          const template = templateAt((index + place) % kinds);
          return template.cloudEvent(template.sids(seed, index + place, false));
        });
        yield { request: streamRequest(events), fresh: batch, refused: false };
      }
    },
  };
}

function templateAt(place: number): Template {
  const template = templates[place];
  if (template === undefined) throw new Error(`expected a template below ${templates.length}, got ${place}`);
  return template;
}

export const workloads = {
  mixed: webhooks("webhooks, 40 incidents", {}),
  oneIncident: webhooks("webhooks, one incident", { kinds: 1 }),
  anotherIncident: webhooks("webhooks, another incident", { first: 30, kinds: 1 }),
  newIncidents: webhooks("webhooks, every one a new incident", { own: true }),
  duplicates: webhooks("webhooks, 50 % duplicates", { repeat: 2 }),
  forged: webhooks("webhooks, 5 % with a bad signature", { forge: 20 }),
  batches10: streams("batches of 10", 10),
  batches100: streams("batches of 100", 100),
  batches1000: streams("batches of 1,000", 1_000),
  stormBatches: streams("batches of 100, one incident", 100, 1),
} as const satisfies Record<string, Workload>;
