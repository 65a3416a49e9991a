/*
 * What is said of a connection to Redis: that it was lost and that it is back, once each, and which errors are only the echo
 * of that.
 */
import { Cluster } from "ioredis";
import { pause, within } from "./patience.ts";
import type { RedisClient } from "./redis-client.ts";
import type { Trouble } from "./trouble.ts";

/** So long after a loss an error is taken for its echo, in milliseconds. */
const echoMs = 10_000;

/** How often a Cluster that lost a node is asked for our keys, and how long it may take, in milliseconds. */
const askEveryMs = 1_000;
const answerMs = 3_000;

/** A connection that is watched. */
export interface RedisHealth {
  /** Whether the connection is lost, or was until just now. */
  isShaken(): boolean;
  close(): void;
}

/** Watches a connection. `ask` asks the server that has our keys. */
export function watchHealth(client: RedisClient, ask: () => Promise<unknown>, trouble: Trouble): RedisHealth {
  let lostAt = Number.NEGATIVE_INFINITY;
  let closed = false;
  let isAsking = false;
  const lost = (error: unknown) => {
    lostAt = performance.now();
    trouble.disconnected(error);
  };
  const onClose = () => lost(new Error("connection closed"));
  client.on("error", lost);
  client.on("close", onClose);
  client.on("ready", trouble.connected);

  /** A Cluster stays connected for as long as it has any node, ours or not. */
  async function onNodeLost(): Promise<void> {
    // While it is not connected at all, the events above say so; and it drops nodes while it gets to know the Cluster.
    if (isAsking || closed || client.status !== "ready") return;
    isAsking = true;
    for (let isBack = false; !isBack && !closed; ) {
      isBack = await within(answerMs, ask()).then(
        () => true,
        (error: unknown) => {
          if (!closed) lost(error);
          return false;
        },
      );
      if (!isBack) await pause(askEveryMs);
    }
    isAsking = false;
    if (!closed) trouble.connected();
  }
  if (client instanceof Cluster) {
    for (const event of ["-node", "node error"]) client.on(event, () => void onNodeLost());
  }

  return {
    isShaken: () => client.status !== "ready" || isAsking || performance.now() - lostAt < echoMs,
    close() {
      closed = true;
      client.off("close", onClose);
    },
  };
}
