import type { Incident } from "../incident.ts";
import type { NoticeLinks } from "./notice.ts";

/** Where pages are, as configured; null for what there is none of. */
export interface LinkBases {
  /** `https://faultline.example.com/api/v1/incidents`: the id is added, or put in the place of `{id}`. */
  readonly incident: string | null;
  /** `https://runbooks.example.com/twilio`: the code is added, or put in the place of `{code}`. */
  readonly runbook: string | null;
  /** A dashboard; `{code}`, `{account}`, `{product}`, `{service}` and `{id}` are filled in where it names them. */
  readonly grafana: string | null;
}

/** Twilio's Console page of the error log. */
const consolePage = "https://console.twilio.com/us1/monitor/logs/debugger";

/** The pages about one incident. */
export function linksFor(incident: Incident, bases: LinkBases): NoticeLinks {
  return {
    incident: filled(bases.incident, incident, incident.id),
    runbook: filled(bases.runbook, incident, String(incident.code)),
    grafana: filled(bases.grafana, incident, null),
    console: consolePage,
  };
}

/** The pages for a digest: those that are about no incident in particular. */
export function linksForDigest(bases: LinkBases): NoticeLinks {
  const general = (base: string | null) => (base?.includes("{") === true ? null : base);
  return { incident: general(bases.incident), runbook: null, grafana: general(bases.grafana), console: consolePage };
}

function filled(base: string | null, incident: Incident, last: string | null): string | null {
  if (base === null) return null;
  const { id, code, account, product, service } = incident;
  const values = new Map([
    ["{id}", id],
    ["{code}", String(code)],
    ["{account}", account],
    ["{product}", product],
    ["{service}", service ?? ""],
  ]);
  const text = base.replace(/\{[a-z]{1,10}\}/g, (place) => {
    const value = values.get(place);
    return value === undefined ? place : encode(value);
  });
  return last === null || text !== base ? text : `${base.replace(/\/+$/, "")}/${encode(last)}`;
}

/** Of what cannot be encoded, nothing: half a surrogate pair is no text. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
