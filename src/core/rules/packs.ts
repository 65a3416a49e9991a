/** The built-in packs, one YAML file under packs/ a product, in the order in which they are asked. */
export const builtInPackNames = [
  "proxy",
  "conversations",
  "webhooks",
  "messaging",
  "voice",
  "sip",
  "whatsapp",
  "functions",
  "event-streams",
  "platform",
] as const;
