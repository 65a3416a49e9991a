import { reasonBindingExists } from "../core/diagnosis/binding-exists.ts";
import type { Reasoned } from "../core/diagnosis/facts.ts";
import { reasonFrontlineConversationExists } from "../core/diagnosis/frontline-conversation-exists.ts";
import { reasonIdentifierInUse } from "../core/diagnosis/identifier-in-use.ts";
import { reasonUnknownParticipant } from "../core/diagnosis/unknown-participant.ts";
import { reasonUnknownScenario } from "../core/diagnosis/unknown-scenario.ts";
import type { RemedyTemplate, Rule } from "../core/rules/rule.ts";
import type { Asking } from "./gather/asking.ts";
import type { Case } from "./gather/case.ts";
import { gatherBindingExists, gatherFrontlineConversationExists } from "./gather/conversations.ts";
import { gatherIdentifierInUse, gatherUnknownParticipant, gatherUnknownScenario } from "./gather/proxy.ts";

/** Gathers facts, then reasons over them. */
type Diagnostician = (asking: Asking, of: Case, remedies: readonly RemedyTemplate[]) => Promise<Reasoned>;

/** The diagnosticians that ask Twilio about resources, by the name rules use. */
export const diagnosticians: Partial<Record<NonNullable<Rule["diagnostician"]>, Diagnostician>> = {
  "proxy-identifier-in-use": async (asking, of, remedies) =>
    reasonIdentifierInUse(await gatherIdentifierInUse(asking, of), remedies),
  "proxy-unknown-participant": async (asking, of, remedies) =>
    reasonUnknownParticipant(await gatherUnknownParticipant(asking, of), remedies),
  "proxy-unknown-scenario": async (asking, of, remedies) =>
    reasonUnknownScenario(await gatherUnknownScenario(asking, of), remedies),
  "conversation-binding-exists": async (asking, of, remedies) =>
    reasonBindingExists(await gatherBindingExists(asking, of), remedies),
  "frontline-conversation-exists": async (asking, of, remedies) =>
    reasonFrontlineConversationExists(await gatherFrontlineConversationExists(asking, of), remedies),
};
