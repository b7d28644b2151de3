// The whole report: marks first, then a table for each section, then what was measured with.
import { judge, marks } from "./marks.js";
import { geometric } from "./measure.js";
import { interval, left, right, table } from "./table.js";

function markTable(rows) {
  const judged = marks.map((mark) => judge(mark, rows)).filter(({ points }) => points.length > 0);
  const digits = ({ unit }) => (unit === "%" || unit === " ms" ? 0 : 2);
  const figure = (mark, value) => `${value.toFixed(digits(mark))}${mark.unit}`;
  const bound = (mark) => (mark.least === undefined ? `<= ${mark.most}` : `>= ${mark.least}`) + mark.unit;
  return table(
    [
      left("mark", ({ mark }) => mark),
      right("bound", bound),
      right("worst", (mark) => figure(mark, mark.worst.value)),
      right("95% interval", (mark) => interval(mark.worst, digits(mark))),
      right("geometric mean", (mark) => figure(mark, geometric(mark.points.map(({ value }) => value)))),
      right("rows met", (mark) => `${mark.met}/${mark.points.length}`),
      left("verdict", ({ verdict }) => verdict),
      left("worst row", (mark) => mark.worst.name),
    ],
    judged,
  );
}

/** The report as Markdown; a section's `text(rows)` is its part of it. */
export function report(environment, sections, rows) {
  const parts = ["## Marks", markTable(rows), "## Table"];
  for (const [id, { title, text }] of sections) {
    const own = rows.filter((row) => row.section === id);
    if (own.length > 0) parts.push(`### ${title}`, text(own));
  }
  return `${[...parts, circumstances(environment, rows).join("\n")].join("\n\n")}\n`;
}

/** What was measured with. */
function circumstances({ only, peers, fused, user_agent }, rows) {
  const lines = [`Peers: ${Object.values(peers).join(", ")}; fused multiply-adds: ${fused}; one thread.`, user_agent];
  if (only) lines.unshift(`Only what has "${only}" in its name.`);
  const peak = rows.filter((row) => row.peak_gmacs).map((row) => row.peak_gmacs);
  if (peak.length > 0) {
    const range = interval({ low: Math.min(...peak), high: Math.max(...peak) }, 1);
    lines.push(`Multiply-add peak: ${geometric(peak).toFixed(1)} GMAC/s (${range} over the rows).`);
  }
  const samples = rows.filter((row) => row.samples).map((row) => row.samples);
  if (samples.length > 0) lines.push(`${Math.min(...samples)} to ${Math.max(...samples)} interleaved samples a side.`);
  return lines;
}
