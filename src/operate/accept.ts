/**
 * Whether an Accept header asks for OpenMetrics rather than plain Prometheus text. Parameters other than `q` are not
 * looked at: scrapers send several versions and escaping schemes, and take version 1.0.0 for any of them.
 */
export function prefersOpenMetrics(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const wanted = accept.slice(0, 2_000).split(",").map(mediaRange);
  const quality = (type: string) => Math.max(0, ...wanted.filter((each) => each.type === type).map((each) => each.q));
  const openMetrics = quality("application/openmetrics-text");
  return openMetrics > 0 && openMetrics >= quality("text/plain");
}

function mediaRange(text: string): { type: string; q: number } {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const q = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  const value = q === undefined ? 1 : Number(q);
  return { type, q: Number.isFinite(value) ? value : 0 };
}
