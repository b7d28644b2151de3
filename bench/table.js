// Rows as tables for people: aligned text that is also Markdown.

/** `columns` are { name, of, right }: `of(row)` gives the cell's text. */
export function table(columns, rows) {
  const cells = rows.map((row) => columns.map(({ of }) => of(row) ?? ""));
  const widths = columns.map(({ name }, i) => Math.max(name.length, ...cells.map((row) => row[i].length)));
  const pad = (text, i) => (columns[i].right ? text.padStart(widths[i]) : text.padEnd(widths[i]));
  const line = (row) => `| ${row.map(pad).join(" | ")} |`;
  const rule = widths.map((width, i) => (columns[i].right ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  return [line(columns.map(({ name }) => name)), `| ${rule.join(" | ")} |`, ...cells.map(line)].join("\n");
}

export const left = (name, of) => ({ name, of });
export const right = (name, of) => ({ name, of, right: true });

export function time(ms) {
  if (ms === undefined) return "";
  if (ms < 1) return `${(1000 * ms).toFixed(1)} µs`;
  return ms < 1000 ? `${ms.toFixed(2)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

export const times = (ratio) => (ratio ? `${ratio.value.toFixed(2)}x` : "");
export const percent = (share) => (share ? `${Math.round(100 * share.value)} %` : "");
export const interval = ({ low, high }, digits = 2) => `${low.toFixed(digits)}-${high.toFixed(digits)}`;

/** What is cut of a row. */
export const cut = (row) => (row.sparsity === 0 ? "unpruned" : `${row.pattern} ${Math.round(100 * row.sparsity)} %`);
