import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { type RunningAlertmanager, startAlertmanagerWith } from "../support/alertmanager.ts";
import { type PagerDutyDouble, startPagerDuty } from "../support/receivers/pagerduty.ts";
import { type ReceiverDouble, startReceiver } from "../support/receivers/server.ts";
import { alertsFolder } from "./promtool.ts";

export const exampleFile: string = join(alertsFolder, "alertmanager.yml");

const Route = z.looseObject({
  get routes() {
    return z.array(Route).optional();
  },
});
type Route = z.infer<typeof Route>;

const Example = z.looseObject({
  global: z.looseObject({ slack_api_url_file: z.string() }),
  templates: z.array(z.string()),
  route: Route,
  receivers: z.array(
    z.looseObject({ pagerduty_configs: z.array(z.looseObject({ routing_key_file: z.string() })).optional() }),
  ),
});

/** A message as Alertmanager posts it to Slack. */
const SlackMessage = z.object({
  channel: z.string(),
  attachments: z.tuple([
    z.object({
      title: z.string(),
      title_link: z.string(),
      text: z.string(),
      fallback: z.string(),
      footer: z.string(),
      color: z.string(),
    }),
  ]),
});

/** An Alertmanager with the example's configuration. */
export interface ExampleAlertmanager {
  readonly url: string;
  readonly pagerDuty: PagerDutyDouble;
  /** What came to Slack, by channel, the latest last. */
  slack(channel: string): readonly z.infer<typeof SlackMessage>["attachments"][0][];
  stop(): Promise<void>;
}

/**
 * Starts an Alertmanager with alerts/alertmanager.yml as it stands, except where secrets lie, where Slack and PagerDuty
 * are, and how long it waits.
 */
export async function startExample(): Promise<ExampleAlertmanager> {
  const folder = await mkdtemp(join(tmpdir(), "faultline-example-"));
  const slack: ReceiverDouble = await startReceiver(() => ({ status: 200, body: "ok" }));
  const pagerDuty = await startPagerDuty();
  const config = Example.parse(parse(await readFile(exampleFile, "utf8"), { merge: true }));

  const slackFile = join(folder, "slack");
  await writeFile(slackFile, slack.url);
  config.global = { ...config.global, slack_api_url_file: slackFile, pagerduty_url: pagerDuty.url };
  const keyFile = join(folder, "pagerduty");
  await writeFile(keyFile, pagerDuty.routingKey);
  for (const each of config.receivers.flatMap(({ pagerduty_configs: configs }) => configs ?? [])) {
    each.routing_key_file = keyFile;
  }
  config.templates = config.templates.map((path) => join(alertsFolder, path));
  config.route = hurried(config.route);

  let alertmanager: RunningAlertmanager | null = null;
  async function stop(): Promise<void> {
    await alertmanager?.stop();
    await Promise.all([slack.stop(), pagerDuty.stop(), rm(folder, { recursive: true, force: true })]);
  }
  try {
    alertmanager = await startAlertmanagerWith(config);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: alertmanager.url,
    pagerDuty,
    slack: (channel) =>
      slack.received
        .map(({ json }) => SlackMessage.parse(json))
        .filter((message) => message.channel === channel)
        .map(({ attachments: [attachment] }) => attachment),
    stop,
  };
}

function hurried(route: Route): Route {
  return {
    ...route,
    group_wait: "1s",
    group_interval: "1s",
    ...(route.routes && { routes: route.routes.map(hurried) }),
  };
}
