import { type Answer, statusOf } from "../core/outcome.ts";
import type { RateLimit } from "./rate-limit.ts";

/** What is done about senders whose deliveries are refused again and again. Senders by their key, see client-address.ts. */
export interface RefusalLimit {
  /**
   * Whether to refuse at once: a sender over its limit, with a signature that cannot be right. Needs no body, and never meets
   * a delivery that could be accepted.
   */
  refusesEarly(sender: string, signature: string | null): boolean;
  /** The answer to send: a refusal that was one too many becomes 429; whatever was signed right stays as it is. */
  judge(sender: string, answer: Answer): Answer;
}

/** Makes one. `refused` is told of each 429 given. */
export function createRefusalLimit(limit: RateLimit, refused: () => void): RefusalLimit {
  return {
    refusesEarly: (sender, signature) => !canBeRight(signature) && limit.waitMs(sender) > 0,
    judge(sender, answer) {
      if (!isSendersFault(answer)) return answer;
      const waitMs = limit.waitMs(sender);
      if (waitMs === 0) {
        limit.take(sender);
        return answer;
      }
      refused();
      return { outcome: "rejected", reason: "rate_limited", retryAfterSeconds: Math.ceil(waitMs / 1000) };
    },
  };
}

/** 503 is our trouble, `rate_limited` another limit's word, and after `aborted` nobody is there to be told. */
function isSendersFault(answer: Answer): boolean {
  if (answer.outcome === "accepted" || answer.reason === "aborted" || answer.reason === "rate_limited") return false;
  return statusOf(answer) < 500;
}

/** Base64 of the 20 bytes of an HMAC-SHA1, as every signature is. */
function canBeRight(signature: string | null): boolean {
  return signature !== null && /^[A-Za-z0-9+/]{27}=$/.test(signature);
}
