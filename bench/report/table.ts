/** A cell: text, or a number that is printed with the digits its size deserves. */
export type Cell = string | number | null;

/** Rows under a heading. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly notes?: readonly string[];
}

/** As Markdown, columns aligned: words to the left, numbers to the right. */
export function tableText({ title, columns, rows, notes = [] }: Table): string {
  const cells = rows.map((row) => row.map(cellText));
  const widths = columns.map((column, index) =>
    Math.max(3, column.length, ...cells.map((row) => (row[index] ?? "").length)),
  );
  const rightward = columns.map((_, index) => rows.some((row) => typeof row[index] === "number"));
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, index) => (rightward[index] === true ? (row[index] ?? "").padStart(width) : (row[index] ?? "").padEnd(width))).join(" | ")} |`;
  const rule = `|${widths.map((width, index) => (rightward[index] === true ? `${"-".repeat(width + 1)}:` : "-".repeat(width + 2))).join("|")}|`;
  return [`### ${title}`, "", line(columns), rule, ...cells.map(line), ...notes.map((note) => `\n${note}`), ""].join(
    "\n",
  );
}

function cellText(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "string") return cell;
  if (Number.isNaN(cell)) return "?";
  if (Math.abs(cell) >= 100) return Math.round(cell).toLocaleString("en-US");
  return Number.isInteger(cell) ? String(cell) : cell.toFixed(Math.abs(cell) < 10 ? 2 : 1);
}
