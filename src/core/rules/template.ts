/*
 * Command templates of remedies. `{name}` stands for the SID of something the incident is about; everything a person
 * has to choose (a phone number, a URL, an identity) is a shell variable such as `$CALLBACK_URL`, since no address of a
 * real person belongs into a message. A SID is checked before it goes in, so nothing from the network can reach a shell.
 */

/** The placeholders there are, and the prefix of the SIDs they take. */
export const placeholders = {
  /** The account that generated the event. */
  account: /^AC[0-9a-f]{32}$/,
  /** The event itself: its Monitor Alert. */
  event: /^NO[0-9a-f]{32}$/,
  /** The Service concerned: KS… of Proxy, IS… of Conversations, MG… of Messaging, ZS… of Functions. */
  service: /^(?:KS|IS|MG|ZS)[0-9a-f]{32}$/,
  /** The Proxy Session of the event. */
  session: /^KC[0-9a-f]{32}$/,
  /** The Proxy Session that holds what the event asked for. */
  conflictingSession: /^KC[0-9a-f]{32}$/,
  /** The Participant concerned: KP… in a Session, MB… in a Conversation. */
  participant: /^(?:KP|MB)[0-9a-f]{32}$/,
  /** The Conversation that holds what the event asked for. */
  conversation: /^CH[0-9a-f]{32}$/,
  /** The call concerned. */
  call: /^CA[0-9a-f]{32}$/,
  /** The message concerned. */
  message: /^(?:SM|MM)[0-9a-f]{32}$/,
} as const satisfies Record<string, RegExp>;

export type Placeholder = keyof typeof placeholders;

const anyPlaceholder = /\{([^{}]*)\}/g;

function isPlaceholder(name: string): name is Placeholder {
  return Object.hasOwn(placeholders, name);
}

/** The names in braces that are no placeholder of ours; a lone brace counts as one. */
export function unknownPlaceholders(template: string): readonly string[] {
  const unknown: string[] = [];
  const rest = template.replaceAll(anyPlaceholder, (_whole, name: string) => {
    if (!isPlaceholder(name)) unknown.push(name);
    return "";
  });
  return /[{}]/.test(rest) ? [...unknown, "a single brace"] : unknown;
}

/** The template with its SIDs, or null when one is missing or is not a SID of the right kind. */
export function fillTemplate(template: string, sids: Partial<Record<Placeholder, string>>): string | null {
  let complete = true;
  const filled = template.replaceAll(anyPlaceholder, (_whole, name: string) => {
    const sid = isPlaceholder(name) && Object.hasOwn(sids, name) ? sids[name] : undefined;
    if (isPlaceholder(name) && sid !== undefined && placeholders[name].test(sid)) return sid;
    complete = false;
    return "";
  });
  return complete ? filled : null;
}
