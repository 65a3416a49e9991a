import type { Severity } from "../rules/rule.ts";
import type { NoticeTransition } from "./notice.ts";

/** What was told to one receiver about one incident last; decide() goes by it, and messages compare with it. */
export interface LastNotice {
  readonly receiver: string;
  /** `digest` for an incident that was only told among others: nothing individual has gone out since. */
  readonly transition: NoticeTransition;
  /** ISO 8601 UTC. */
  readonly at: string;
  /** As they were then. */
  readonly count: number;
  readonly severity: Severity;
  /** Id of the cause that led then, null while none was known. */
  readonly leadingCause: string | null;
  /** When it was last told that the incident grew, ISO 8601 UTC. Left out: judged by `transition` alone. */
  readonly grewAt?: string | null;
}
