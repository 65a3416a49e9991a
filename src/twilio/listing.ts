import { field, type Json, textField } from "../core/json.ts";
import type { TwilioAnswer } from "../pipeline/ports.ts";
import type { Listing, Owner } from "../pipeline/resource-ports.ts";
import type { TwilioApi } from "./apis.ts";
import { failure } from "./failure.ts";
import type { Rest } from "./rest.ts";

/** A list to read. */
export interface ListRequest<T> {
  readonly owner: Owner;
  readonly api: TwilioApi;
  /** The first page. */
  readonly url: string | null;
  /** At least 1. */
  readonly maxPages: number;
  /** Null drops an item that is not what it should be; the list is then not complete. */
  readonly decode: (item: Json) => T | null;
}

/**
 * Reads a list page by page, following `meta.next_page_url`. A first page that cannot be read is a failure; a later one ends
 * the list, which then says why it is not complete.
 * https://www.twilio.com/docs/usage/twilios-response#pagination
 */
export async function readList<T>(rest: Rest, asked: ListRequest<T>): Promise<TwilioAnswer<Listing<T>>> {
  const items: T[] = [];
  let pages = 0;
  let dropped = false;
  const end = (cutShort: Listing<T>["cutShort"]) =>
    ({ ok: true, value: { items, pages, cutShort: cutShort ?? (dropped ? "server_error" : null) } }) as const;

  for (let url = asked.url; ; ) {
    const answer = await rest.get(asked.owner, asked.api, url);
    if (!answer.ok) return pages === 0 ? answer : end(answer.reason);
    const meta = field(answer.value, "meta");
    const rows = field(answer.value, textField(meta, "key") ?? "");
    if (!Array.isArray(rows)) return pages === 0 ? failure("server_error", true) : end("server_error");
    pages += 1;
    for (const row of rows) {
      const item = asked.decode(row);
      if (item === null) dropped = true;
      else items.push(item);
    }
    const next = textField(meta, "next_page_url");
    if (next === null) return end(null);
    if (pages >= asked.maxPages) return end("page_limit");
    // The answer says where to go with the credentials: no further than the same list.
    if (!isSameList(next, asked.url)) return end("server_error");
    url = next;
  }
}

function isSameList(next: string, first: string | null): boolean {
  const [one, other] = [URL.parse(next), URL.parse(first ?? "")];
  return one !== null && other !== null && one.origin === other.origin && one.pathname === other.pathname;
}
