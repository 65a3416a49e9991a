import {
  accountPattern,
  type Bounds,
  boundedLabel,
  codePattern,
  levelLabel,
  seriesBudget,
  wordPattern,
} from "./bounds.ts";
import { noCause, otherLabel } from "./metric-names.ts";

/** What is known before anything comes in, and always keeps labels of its own. */
export interface KnownLabels {
  readonly codes: Iterable<number>;
  readonly accounts: Iterable<string>;
  readonly products: Iterable<string>;
  readonly causes: Iterable<string>;
  readonly twilioApis: Iterable<string>;
  readonly queues: Iterable<string>;
  readonly receivers: Iterable<string>;
}

/** Bounded label values, one memory for all metrics of the process, so that series of different metrics join. */
export type Labels = ReturnType<typeof createLabels>;

/** Makes label values out of what comes in; see bounds.ts for what becomes of too much of it. */
export function createLabels(known: KnownLabels, bounds: Bounds) {
  const codeText = boundedLabel([...known.codes].map(String), bounds.codes, codePattern);
  const account = boundedLabel(known.accounts, bounds.accounts, accountPattern);
  const product = boundedLabel(known.products, bounds.products, wordPattern);
  const cause = boundedLabel([...known.causes, noCause.cause], bounds.causes, wordPattern);
  const fitsEvents = seriesBudget(bounds.eventSeries);
  const fitsDiagnoses = seriesBudget(bounds.diagnosisSeries);
  const code = (value: number) => codeText(String(value));

  return {
    code,
    twilioApi: boundedLabel(known.twilioApis, 20, wordPattern),
    queue: boundedLabel(known.queues, 10, wordPattern),
    receiver: boundedLabel(known.receivers, 0, wordPattern),
    queueState: boundedLabel([], 12, wordPattern),

    /** Labels of twilio_debugger_events_total; account, product and code fold together when it has too many series. */
    event<S extends string>(of: { account: string; product: string; code: number; level: string; source: S }) {
      const level = levelLabel(of.level);
      const labels = {
        account: account(of.account),
        product: product(of.product),
        code: code(of.code),
        level,
        source: of.source,
      };
      return fitsEvents(Object.values(labels))
        ? labels
        : { account: otherLabel, product: otherLabel, code: otherLabel, level, source: of.source };
    },

    /** Labels of twilio_diagnoses_total; code and cause fold together when it has too many series. */
    verdict(of: { code: number; cause: string; verdict: string }) {
      const labels = { code: code(of.code), cause: cause(of.cause), verdict: of.verdict };
      return fitsDiagnoses(Object.values(labels))
        ? labels
        : { code: otherLabel, cause: otherLabel, verdict: of.verdict };
    },
  };
}
