import {
  accountPattern,
  type BoundedLabel,
  type Bounds,
  boundedLabel,
  codePattern,
  levelLabel,
  routePattern,
  seriesBudget,
  wordPattern,
} from "./bounds.ts";
import { type FoldableLabel, httpMethods, noAnswer, noCause, otherLabel, otherMethod } from "./metric-names.ts";

/** What is known before anything comes in, and always keeps labels of its own. */
export interface KnownLabels {
  readonly codes: Iterable<number>;
  readonly accounts: Iterable<string>;
  readonly products: Iterable<string>;
  readonly causes: Iterable<string>;
  readonly twilioApis: Iterable<string>;
  readonly queues: Iterable<string>;
  readonly receivers: Iterable<string>;
  readonly serverAddresses: Iterable<string>;
}

/** Bounded label values, one memory for all metrics of the process, so that series of different metrics join. */
export type Labels = ReturnType<typeof createLabels>;

/**
 * Makes label values out of what comes in; see bounds.ts for what becomes of too much of it. `folded` is told of every value
 * that was given and is not shown, and how many times it was given.
 */
export function createLabels(
  known: KnownLabels,
  bounds: Bounds,
  folded: (label: FoldableLabel, times: number) => void,
) {
  /** Tells when a value is lost. */
  const telling = (label: FoldableLabel, bounded: BoundedLabel, folds: string = otherLabel) => {
    return (value: string, times = 1): string => {
      const shown = bounded(value);
      if (shown === folds && value !== folds) folded(label, times);
      return shown;
    };
  };
  /** The folded label set where the metric has its fill; tells of the values that it takes along. */
  const fold = <L extends Partial<Record<FoldableLabel, string>>>(labels: L, times = 1): { [K in keyof L]: string } => {
    const all = Object.keys(labels) as (keyof L & FoldableLabel)[];
    for (const label of all) if (labels[label] !== otherLabel) folded(label, times);
    return Object.fromEntries(all.map((label) => [label, otherLabel])) as { [K in keyof L]: string };
  };

  const codeText = boundedLabel([...known.codes].map(String), bounds.codes, codePattern);
  const countedCode = telling("code", codeText);
  const code = (value: number, times?: number) => countedCode(String(value), times);
  const account = telling("account", boundedLabel(known.accounts, bounds.accounts, accountPattern));
  const product = telling("product", boundedLabel(known.products, bounds.products, wordPattern));
  const level = telling("level", levelLabel, "OTHER");
  const cause = telling("cause", boundedLabel([...known.causes, noCause.cause], bounds.causes, wordPattern));
  const method = telling("http_request_method", boundedMethod, otherMethod);
  const route = telling("http_route", boundedLabel([], 50, routePattern));
  const server = telling("server_address", boundedLabel(known.serverAddresses, 0, wordPattern));
  const fitsEvents = seriesBudget(bounds.eventSeries);
  const fitsDiagnoses = seriesBudget(bounds.diagnosisSeries);
  const fitsServed = seriesBudget(bounds.httpSets);
  const fitsRequested = seriesBudget(bounds.httpSets);

  return {
    code,
    /** For gauges, whose values are told anew with every scrape and would be counted each time. */
    codeOfGauge: (value: number) => codeText(String(value)),
    account,
    twilioApi: telling("api", boundedLabel(known.twilioApis, 20, wordPattern)),
    queue: telling("queue", boundedLabel(known.queues, 10, wordPattern)),
    receiver: telling("receiver", boundedLabel(known.receivers, 0, wordPattern)),
    queueState: boundedLabel([], 12, wordPattern),

    /** Labels of twilio_debugger_events_total; account, product and code fold together when it has too many series. */
    event<S extends string>(
      of: { account: string; product: string; code: number; level: string; source: S },
      times: number,
    ) {
      const free = {
        account: account(of.account, times),
        product: product(of.product, times),
        code: code(of.code, times),
      };
      const closed = { level: level(of.level, times), source: of.source };
      const fits = fitsEvents([...Object.values(free), ...Object.values(closed)]);
      return { ...(fits ? free : fold(free, times)), ...closed };
    },

    /** Labels of twilio_diagnoses_total; code and cause fold together when it has too many series. */
    verdict(of: { code: number; cause: string; verdict: string }) {
      const free = { code: code(of.code), cause: cause(of.cause) };
      const fits = fitsDiagnoses([...Object.values(free), of.verdict]);
      return { ...(fits ? free : fold(free)), verdict: of.verdict };
    },

    /** Labels of http_server_request_duration_seconds. An unknown path is no lost value: nobody asked to see it. */
    served(of: { method: string; route: string | null; status: number | null }) {
      const labels = {
        http_request_method: method(of.method),
        http_route: of.route === null ? otherLabel : route(of.route),
        http_response_status_code: statusLabel(of.status),
      };
      return fitsServed(Object.values(labels)) ? labels : fold(labels);
    },

    /** Labels of http_client_request_duration_seconds. */
    requested(of: { method: string; server: string; status: number | null }) {
      const labels = {
        server_address: server(of.server),
        http_request_method: method(of.method),
        http_response_status_code: statusLabel(of.status),
      };
      return fitsRequested(Object.values(labels)) ? labels : fold(labels);
    },
  };
}

function boundedMethod(method: string): string {
  return httpMethods.includes(method) ? method : otherMethod;
}

function statusLabel(status: number | null): string {
  return status === null ? noAnswer : String(status);
}
