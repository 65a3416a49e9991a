/* The few shapes of Block Kit that are used. https://docs.slack.dev/reference/block-kit/blocks */

export interface PlainText {
  readonly type: "plain_text";
  readonly text: string;
  readonly emoji: boolean;
}

export interface Mrkdwn {
  readonly type: "mrkdwn";
  readonly text: string;
  /** Links are written out; nothing else is to become one. */
  readonly verbatim: true;
}

export interface LinkButton {
  readonly type: "button";
  readonly text: PlainText;
  readonly url: string;
  readonly action_id: string;
}

export type SlackBlock =
  | { readonly type: "header"; readonly text: PlainText }
  | { readonly type: "section"; readonly text: Mrkdwn }
  | { readonly type: "context"; readonly elements: readonly Mrkdwn[] }
  | { readonly type: "actions"; readonly elements: readonly LinkButton[] };

/** A message as chat.postMessage, chat.update and incoming webhooks take it; `text` is what a notification shows. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
}

/** At most 150 characters. */
export function header(text: string): SlackBlock {
  return { type: "header", text: { type: "plain_text", text, emoji: false } };
}

/** At most 3,000 characters. */
export function section(text: string): SlackBlock {
  return { type: "section", text: mrkdwn(text) };
}

/** Small print. */
export function context(text: string): SlackBlock {
  return { type: "context", elements: [mrkdwn(text)] };
}

/** Buttons that open pages, at most 25, each URL at most 3,000 characters. */
export function linkButtons(links: readonly { readonly label: string; readonly url: string }[]): SlackBlock {
  return {
    type: "actions",
    elements: links.map(({ label, url }) => ({
      type: "button",
      text: { type: "plain_text", text: label, emoji: false },
      url,
      action_id: `open-${label.toLowerCase()}`,
    })),
  };
}

function mrkdwn(text: string): Mrkdwn {
  return { type: "mrkdwn", text, verbatim: true };
}
