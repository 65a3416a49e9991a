import { z } from "zod";
import document from "./catalogue.json" with { type: "json" };

/** What Twilio publishes about a code. */
export interface CatalogueEntry {
  readonly code: number;
  /** `ERROR` or `WARNING`. */
  readonly level: string;
  /** Product as Twilio names it; where Twilio names none, by the range of the number, else `Twilio`. */
  readonly product: string;
  readonly title: string;
}

/** All codes we know, by number. */
export interface Catalogue {
  lookup(code: number): CatalogueEntry | null;
  /** Every code, ascending. */
  readonly codes: readonly number[];
}

/** The product of codes about which nothing better is known. */
export const unknownProduct = "Twilio";

const Document = z.object({
  rows: z.array(z.tuple([z.int(), z.enum(["ERROR", "WARNING"]), z.string().nullable(), z.string()])),
});

/** First and last number of a range, and the product its codes speak of. First hit wins, so exceptions stand first. */
const productRanges = [
  [10000, 10999, "Platform"],
  [12000, 12999, "Webhooks"],
  [14100, 14199, "Programmable SMS"],
  [13000, 16999, "Programmable Voice"],
  [19000, 19199, "Contacts"],
  [21100, 21199, "Platform"],
  [21200, 21399, "Programmable Voice"],
  [21400, 21469, "Phone Numbers"],
  [21470, 21499, "Platform"],
  [21500, 21599, "Programmable Voice"],
  [21600, 21999, "Programmable SMS"],
  [22200, 22299, "Phone Numbers"],
  [30000, 30999, "Programmable SMS"],
  [32000, 32999, "Programmable Voice"],
  [50353, 50353, "Conversations"],
  [50000, 50999, "Programmable Chat"],
  [52000, 52999, "Notifications"],
  [60001, 60008, "Verify"],
  [61000, 61999, "Add-ons"],
  [70000, 70999, "Platform"],
  [90010, 90099, "Programmable Messaging"],
  [91000, 91999, "Events"],
  [94000, 94999, "Voice Intelligence"],
] as const;

function productByRange(code: number): string {
  return productRanges.find(([from, to]) => code >= from && code <= to)?.[2] ?? unknownProduct;
}

/** Reads the catalogue shipped with Faultline. Takes a few milliseconds: once per process. */
export function loadCatalogue(): Catalogue {
  const byCode = new Map<number, CatalogueEntry>();
  for (const [code, level, product, title] of Document.parse(document).rows) {
    byCode.set(code, { code, level, product: product ?? productByRange(code), title });
  }
  const codes = [...byCode.keys()].sort((a, b) => a - b);
  return { codes, lookup: (code) => byCode.get(code) ?? null };
}

/** Twilio's page about a code. Given for every number, but only codes Twilio knows have a page. */
export function docsUrlOf(code: number): string {
  return `https://www.twilio.com/docs/api/errors/${code}`;
}
