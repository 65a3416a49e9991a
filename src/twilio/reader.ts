import type { TwilioReader } from "../pipeline/ports.ts";
import type { ResourceReader } from "../pipeline/resource-ports.ts";
import { createConversationsReader } from "./conversations.ts";
import { createFrontlineReader } from "./frontline.ts";
import { createMonitorReader } from "./monitor.ts";
import { createProxyReader } from "./proxy.ts";
import { createRest, type RestOptions } from "./rest.ts";

/** Everything we read of Twilio, over one set of limits. */
export function createTwilioReader(options: RestOptions): TwilioReader & ResourceReader {
  const rest = createRest(options);
  return {
    ...createMonitorReader(rest),
    ...createProxyReader(rest),
    ...createConversationsReader(rest),
    ...createFrontlineReader(rest),
  };
}
