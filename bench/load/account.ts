/** The account all load is signed for, and its token. Patterned: no real account can be meant. */
export const account = { sid: `AC${"a".repeat(32)}`, token: "0123456789abcdef0123456789abcdef" } as const;

/** The address Twilio believes it calls, and therefore signs. */
export const publicUrl = "https://faultline.example.com";
