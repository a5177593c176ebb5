/** A table of text: columns as wide as they need be, numbers to the right. */

const widest = 48;

function cell(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > widest ? `${line.slice(0, widest - 1)}…` : line;
}

/** Draws rows under headings. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(cell));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => (row[column] ?? "").length)),
  );
  const isNumeric = headings.map(
    (_, column) => cells.length > 0 && cells.every((row) => /^[\d,.]*( s)?$/.test(row[column] ?? "")),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((text, column) => (isNumeric[column] ? text.padStart(widths[column]!) : text.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd();
  return [line(headings), widths.map((width) => "─".repeat(width)).join("  "), ...cells.map(line)].join("\n");
}
