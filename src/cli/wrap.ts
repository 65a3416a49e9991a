/** Breaks a text at spaces into lines of at most `columns` characters, each indented. A longer word stays whole. */
export function wrapText(text: string, columns: number, indent: string): readonly string[] {
  return wrapped(
    text.split(/\s+/).filter((word) => word !== ""),
    columns,
    indent,
    indent,
  );
}

/**
 * Breaks a shell command between its arguments, never inside quotes, so that it can be copied and run as it stands:
 * broken lines end in a backslash. An argument longer than a line stays whole.
 */
export function wrapCommand(command: string, columns: number, indent: string): readonly string[] {
  const args = command.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\S)+/g) ?? [];
  const lines = wrapped(pairedOptions(args), columns - 2, indent, `${indent}  `);
  return lines.map((line, index) => (index < lines.length - 1 ? `${line} \\` : line));
}

/** An option and its value stay on one line. */
function pairedOptions(args: readonly string[]): readonly string[] {
  const pairs: string[] = [];
  for (const arg of args) {
    const last = pairs.at(-1);
    if (last !== undefined && /^-\S+$/.test(last) && !arg.startsWith("-")) pairs[pairs.length - 1] = `${last} ${arg}`;
    else pairs.push(arg);
  }
  return pairs;
}

function wrapped(words: readonly string[], columns: number, first: string, next: string): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    const indent = lines.length === 0 ? first : next;
    if (line === "") line = indent + word;
    else if (line.length + 1 + word.length <= columns) line += ` ${word}`;
    else {
      lines.push(line);
      line = next + word;
    }
  }
  return line === "" ? lines : [...lines, line];
}
