// The whole report: marks first, then a table for each section, then what was measured with.
import { judge, marks } from "./marks.js";
import { geometric } from "./measure.js";
import { interval, left, percent, right, table, time, times } from "./table.js";

const cut = (row) => (row.sparsity === 0 ? "unpruned" : `${row.pattern} ${Math.round(100 * row.sparsity)} %`);
const mega = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

const tables = {
  speed: [
    left("what", (row) => row.what),
    right("batch", (row) => `${row.batch}`),
    left("cut", cut),
    right("ours", (row) => time(row.ms.ours)),
    right("vs ORT", (row) => times(row.vs.ort)),
    right("95% interval", (row) => interval(row.vs.ort)),
    right("vs TF.js", (row) => times(row.vs.tf)),
    right("95% interval", (row) => interval(row.vs.tf)),
    right("vs own dense", (row) => times(row.vs.own)),
    right("of dense rate", (row) => (row.vs.own ? `${Math.round((100 * row.vs.own.value) / row.theoretical)} %` : "")),
    right("of peak", (row) => percent(row.share)),
    right("regret", (row) => (row.choices.length ? regret(row.choices).mean.toFixed(2) : "")),
  ],
  patterns: [
    left("what", (row) => row.what),
    left("cut", cut),
    right("time", (row) => time(row.ms)),
    right("vs element", (row) => times(row.element)),
    right("95% interval", (row) => interval(row.element)),
    right("vs own dense", (row) => times(row.own)),
    left("kernels", (row) => row.kernels),
  ],
  training: [
    left("what", (row) => row.name),
    right("our dense step", (row) => time(row.ours_ms)),
    right("the other's step", (row) => (row.missing ? `lacks ${row.missing.join(", ")}` : time(row.other_ms))),
    right("our dense epoch", (row) => (row.missing ? "" : `${row.ours_epoch_s.toFixed(0)} s`)),
    right("the other's epoch", (row) => (row.missing ? "" : `${row.other_epoch_s.toFixed(0)} s`)),
    right("gain", (row) => times(row.gain)),
    right("95% interval", (row) => (row.gain ? interval(row.gain) : "")),
  ],
  "one-shot": [
    left("network", (row) => row.id),
    left("criterion", (row) => row.criterion),
    right("images", (row) => `${row.images}`),
    right("time", (row) => time(row.ms.value)),
    right("95% interval", (row) => interval(row.ms, 1)),
  ],
  memory: [
    left("what", (row) => row.name),
    right("buffers", (row) => mega(row.buffers)),
    right("packed weights", (row) => mega(row.packed)),
    right("model", (row) => mega(row.model)),
    right("two activations", (row) => mega(row.activations)),
    right("ratio", (row) => `${row.ratio.toFixed(2)}x`),
  ],
};

const growth = [
  right("weights", (point) => `${point.weights}`),
  right("non-zeros", (point) => `${point.nonzeros}`),
  right("compile", (point) => time(point.compile_ms)),
  right("run", (point) => time(point.run_ms)),
];

/** Time of the cost model's choice over that of the measured one, over layers: geometric mean and worst. */
function regret(choices) {
  const each = choices.map((choice) => ({ ...choice, regret: choice.predicted_us / choice.us }));
  const worst = each.reduce((a, b) => (b.regret > a.regret ? b : a));
  return { mean: geometric(each.map((choice) => choice.regret)), worst, count: each.length };
}

function costModel(rows) {
  const named = (row) => row.choices.map((choice) => ({ ...choice, row: row.name }));
  const choices = rows.filter((row) => row.section === "speed").flatMap(named);
  if (choices.length === 0) return [];
  const { mean, worst, count } = regret(choices);
  return [
    "### Cost model",
    "",
    `Time of the predicted kernel over that of the measured one: ${mean.toFixed(3)} in the geometric mean of ${count} layers, ` +
      `${worst.regret.toFixed(2)} at worst (${worst.row}, ${worst.layer}: ${worst.predicted} in place of ${worst.kernel}).`,
    "",
  ];
}

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

/** The report as Markdown; sections are { id, title }. */
export function report(environment, sections, rows) {
  const parts = ["## Marks", "", markTable(rows), "", "## Table", ""];
  for (const { id, title } of sections) {
    const own = rows.filter((row) => row.section === id);
    if (own.length === 0) continue;
    parts.push(`### ${title}`, "");
    if (id === "growth") {
      for (const { name, points, slopes } of own) {
        const fits = Object.entries(slopes).map(([of, slope]) => `${of} ${slope.toFixed(2)}`);
        const fitted = `Log-log slopes: ${fits.join(", ")}.`;
        parts.push(`${name}:`, "", table(growth, points), "", fitted, "");
      }
    } else {
      parts.push(table(tables[id], own), "");
    }
    if (id === "speed") parts.push(...costModel(rows));
  }
  const peak = rows.filter((row) => row.peak_gmacs).map((row) => row.peak_gmacs);
  if (environment.only) parts.push(`Only what has "${environment.only}" in its name.`);
  parts.push(`Peers: ${Object.values(environment.peers).join(", ")}; fused multiply-adds: ${environment.fused}; one thread.`);
  if (peak.length > 0) {
    const range = interval({ low: Math.min(...peak), high: Math.max(...peak) }, 1);
    parts.push(`Multiply-add peak: ${geometric(peak).toFixed(1)} GMAC/s (${range} over the rows).`);
  }
  const samples = rows.filter((row) => row.samples).map((row) => row.samples);
  if (samples.length > 0) parts.push(`${Math.min(...samples)} to ${Math.max(...samples)} interleaved samples a side.`);
  parts.push(environment.user_agent, "");
  return parts.join("\n");
}
