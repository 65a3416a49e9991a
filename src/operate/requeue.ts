import { type AnyEndpoint, action } from "./endpoint.ts";
import { NoParameters, RequeueRequest } from "./parameters.ts";

/** Takes up to `limit` pieces of work up again; resolves to how many. */
export type Requeue = (limit: number) => Promise<number>;

/** `/api/v1/requeue`: diagnoses that were given up, or could read nothing of Twilio, are tried again. */
export function requeueEndpoint(requeue: Requeue): AnyEndpoint {
  return action({
    method: "POST",
    path: "/api/v1/requeue",
    summary: "Try diagnoses again that were given up or could not read Twilio, the oldest first",
    params: NoParameters,
    body: RequeueRequest,
    success: 200,
    response: "Requeued",
    act: async (_params, { limit }) => ({ done: { requeued: await requeue(limit) } }),
  });
}
