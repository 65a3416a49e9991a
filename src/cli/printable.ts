/**
 * Text from elsewhere, fit for a terminal: characters that would move the cursor, colour what follows or turn the order
 * of reading round become spaces.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]+/gu, " ");
}
