/** One word for a POSIX shell, whatever is in it: nothing between single quotes is special. NUL cannot be passed. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("\0", "").replaceAll("'", "'\\''")}'`;
}
