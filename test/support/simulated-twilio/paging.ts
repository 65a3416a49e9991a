import { type Exchange, errorReply, type Reply } from "./exchange.ts";

/**
 * One page of a list, in the shape all Twilio v1 APIs share: the items under `key`, and `meta` with absolute URLs.
 * A PageSize above the cap is lowered to it. Source: https://www.twilio.com/docs/usage/twilios-response#pagination
 */
export function listReply<T>(exchange: Exchange, items: readonly T[], options: { key: string; cap: number }): Reply {
  const size = wholeNumber(exchange.query.get("PageSize")) ?? 50;
  const page = wholeNumber(exchange.query.get("Page")) ?? 0;
  if (size < 1) return errorReply(400, 20001, "PageSize must be at least 1");
  const pageSize = Math.min(size, options.cap);
  const start = page * pageSize;
  const shown = items.slice(start, start + pageSize);
  const hasMore = start + pageSize < items.length;
  return {
    status: 200,
    body: {
      [options.key]: shown,
      meta: {
        page,
        page_size: pageSize,
        first_page_url: pageUrl(exchange, pageSize, 0),
        previous_page_url: page > 0 ? pageUrl(exchange, pageSize, page - 1) : null,
        url: pageUrl(exchange, pageSize, page),
        next_page_url: hasMore ? pageUrl(exchange, pageSize, page + 1) : null,
        key: options.key,
      },
    },
  };
}

function pageUrl(exchange: Exchange, pageSize: number, page: number): string {
  const query = new URLSearchParams(exchange.query);
  for (const name of ["PageSize", "Page", "PageToken"]) query.delete(name);
  query.append("PageSize", String(pageSize));
  query.append("Page", String(page));
  if (page > 0) query.append("PageToken", `PT${page}`);
  return `https://${exchange.host}${exchange.path}?${query}`;
}

function wholeNumber(text: string | null): number | null {
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : null;
}
