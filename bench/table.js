// The rows as a table for people.

const COLUMNS = ["what", "input", "pattern", "sparsity", "ours", "peer", "ratio", "95% interval"];

/** Aligned text, which is also a Markdown table. */
export function table(environment, rows) {
  const cells = rows.map((row) => [
    row.what,
    row.shape,
    row.sparsity === 0 ? "unpruned" : row.pattern,
    `${Math.round(100 * row.sparsity)} %`,
    time(row.ours_ms),
    time(row.peer_ms),
    `${row.ratio.toFixed(2)}x`,
    `${row.low.toFixed(2)}-${row.high.toFixed(2)}`,
  ]);
  const widths = COLUMNS.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i].length)));
  const line = (row) => `| ${row.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (i < 3 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  const counts = rows.map((row) => row.samples);
  const samples =
    `${Math.min(...counts)} to ${Math.max(...counts)} interleaved samples a side, one thread; ` +
    `the peer is ${environment.peer} on the dense model.`;
  return [line(COLUMNS), rule, ...cells.map(line), "", samples, environment.user_agent, ""].join("\n");
}

function time(ms) {
  return ms < 1 ? `${(1000 * ms).toFixed(1)} µs` : `${ms.toFixed(2)} ms`;
}
