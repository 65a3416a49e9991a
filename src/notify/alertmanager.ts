import type { SendFailureReason } from "../core/notice/notice.ts";
import { renderAlertmanager } from "../core/notice/render/alertmanager.ts";
import type { Notifier } from "../pipeline/notice-ports.ts";
import { failureOfStatus, postJson, type SenderOptions } from "./http-post.ts";

/** The Alertmanagers of one cluster, or several on their own. */
export interface AlertmanagerOptions extends SenderOptions {
  readonly name: string;
  /** Base URLs, with a path prefix where there is one. User info is sent as Basic credentials. */
  readonly urls: readonly string[];
}

/** One Alertmanager and how it fared last. */
export interface AlertmanagerPeer {
  /** Host and port only: the rest of a URL may hold credentials. */
  readonly host: string;
  /** Why it did not take the last alert, null when it did or none was sent yet. */
  readonly failure: SendFailureReason | null;
}

/** A notifier that knows each of its Alertmanagers apart. */
export interface AlertmanagerNotifier extends Notifier {
  /** In the order of the URLs. */
  peers(): readonly AlertmanagerPeer[];
}

/**
 * Posts an incident as one alert to every Alertmanager; it is sent when one of them took it, as with Prometheus. Digests
 * are not alerts: nothing is sent for them.
 * https://prometheus.io/docs/alerting/latest/alerts_api/
 */
export function createAlertmanager(options: AlertmanagerOptions): AlertmanagerNotifier {
  const endpoints = options.urls.map((base) => ({ url: endpointOf(base), host: URL.parse(base)?.host ?? "" }));
  const failures = new Map<number, SendFailureReason>();

  async function post(url: string, body: string) {
    const result = await postJson({ url, body }, options);
    return "failure" in result ? result.failure : failureOfStatus(result.answer, options.clock.now());
  }

  return {
    name: options.name,
    kind: "alertmanager",
    rate: { max: 20, perMs: 1_000 },
    peers: () => endpoints.map(({ host }, index) => ({ host, failure: failures.get(index) ?? null })),
    async send(notice) {
      const alert = renderAlertmanager(notice);
      if (alert === null) return { ok: true, reference: null };
      const body = JSON.stringify([alert]);
      const failed = await Promise.all(endpoints.map(({ url }) => post(url, body)));
      for (const [index, each] of failed.entries()) {
        if (each === null) failures.delete(index);
        else failures.set(index, each.reason);
      }
      // What another attempt may mend counts, as long as there is such a thing.
      const telling = failed.find((each) => each?.retry === true) ?? failed[0] ?? null;
      return failed.includes(null) || telling === null ? { ok: true, reference: null } : telling;
    },
  };
}

function endpointOf(base: string): string {
  const url = URL.parse(base);
  if (url === null) return "";
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/api/v2/alerts`;
  return url.href;
}
