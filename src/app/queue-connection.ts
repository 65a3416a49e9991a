import type { Config } from "../config.ts";
import type { QueueConnection } from "../queue/connection.ts";
import type { Database } from "../store/database.ts";

/** In a Cluster a script may touch keys of one hash slot only: a hash tag brings all of ours into the same. */
const prefix = { alone: "faultline", cluster: "{faultline}" };

/** Where a configuration puts the queue. @throws when it is on a database that cannot take it; the message says what to do */
export function queueConnectionOf(config: Config, database: Pick<Database, "queuePool">): QueueConnection {
  if (config.redisUrl === null) return { kind: "postgres", pool: database.queuePool() };
  const { ca, sentinel, clusterNodes } = config.redis;
  return {
    kind: "redis",
    url: config.redisUrl.reveal(),
    prefix: clusterNodes === null ? prefix.alone : prefix.cluster,
    ...(ca !== null && { ca }),
    ...(clusterNodes !== null && { clusterNodes }),
    ...(sentinel !== null && {
      sentinel: {
        nodes: sentinel.nodes,
        master: sentinel.master,
        ...(sentinel.password !== null && { password: sentinel.password.reveal() }),
      },
    }),
  };
}
