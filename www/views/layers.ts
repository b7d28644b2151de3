// The survey's charts: one a layer, each with its answer in words, and one that shows what to look for.

import { html, svg, type TemplateResult } from "lit";
import { crosses, fixed, percent } from "../format.js";
import { breakEvenPlot, lookOf, type Look } from "../plots/break-even.js";
import { shaped } from "../plots/frame.js";
import { breakEven, outcome, type Series, type SurveyedLayer } from "../survey.js";
import { figure, text, type Cell, type Table } from "../table.js";
import type { SurveyRow } from "../types.js";

const HEIGHT = 264;
/** Ends that need not move for what is usual. */
const ENDS: [number, number] = [0.25, 32];

export function layerCharts(layers: SurveyedLayer[], rows: SurveyRow[]): TemplateResult {
  const ends = reach(rows);
  const names = [...new Set(rows.map((row) => row.series))];
  return html`<div class="multiples">${layers.map((layer) => layerChart(layer, names, ends))}</div>`;
}

/** Halves and doubles until every point fits. */
export function reach(rows: SurveyRow[]): [number, number] {
  let [low, high] = ENDS;
  const ratios = rows.map((row) => row.ratio).filter((value) => value > 0 && Number.isFinite(value));
  while (Math.min(...ratios) < low) low /= 2;
  while (Math.max(...ratios) > high) high *= 2;
  return [low, high];
}

function layerChart(layer: SurveyedLayer, names: string[], ends: [number, number]): TemplateResult {
  const rows = layer.series.flatMap((series) => series.rows);
  const told = layer.series.map((series) => `${crosses(series.name)}: ${inWords(series)}`);
  return html`<secateur-figure
    class="layer"
    .heading=${crosses(layer.name)}
    .note=${rows.length ? says(layer, names) : "Not measured yet."}
    .file=${`secateur-break-even-${rows[0]?.layer ?? "layer"}`}
    .height=${HEIGHT}
    .label=${`${layer.name}: times faster than dense against the share of weights cut. ${told.join("; ")}`}
    .deps=${[rows.length, rows[0], names.length, ...ends]}
    .table=${layerTable(rows)}
    .draw=${(width: number) => breakEvenPlot({ series: layer.series, names, ends, width, height: HEIGHT })}
  ></secateur-figure>`;
}

/** The answers are the legend too: mark, name, and from where on it pays. */
const says = (layer: SurveyedLayer, names: string[]): TemplateResult =>
  html`<span class="says"
    >${layer.series.map((series) => html`<span>${key(lookOf(series.name, names))} <b>${crosses(series.name)}</b> ${inWords(series)}</span>`)}</span
  >`;

const key = (look: Look): TemplateResult =>
  html`<svg width="22" height="12" viewBox="0 0 22 12" aria-hidden="true">
    ${svg`<line x1="0" x2="22" y1="6" y2="6" stroke=${look.colour} stroke-width="1.6" stroke-dasharray=${look.dash}></line>
      <path transform="translate(11 6)" d=${shaped(look.shape, 3)} fill=${look.hollow ? "var(--paper)" : look.colour} stroke=${look.colour} stroke-width="1.2"></path>`}
  </svg>`;

/** Where a series begins to pay, as a half-sentence that follows its name. */
export function inWords({ rows }: Series): string {
  const even = breakEven(rows);
  switch (even?.kind) {
    case "from":
      return `pay from ${percent(even.at, 0)} on`;
    case "always":
      return `pay from ${percent(even.at, 0)} on, or sooner`;
    case "between":
      return `pay from ${percent(even.at, 0)} to ${percent(even.to, 0)} only`;
    case "point": {
      const { row } = even;
      const end = { faster: "", slower: ": dense is faster", even: ": about even" }[outcome(row)];
      return `${fixed(row.ratio, 2)}× at ${percent(row.sparsity, 0)}${end}`;
    }
    case "never":
      return `never pay, up to ${percent(rows.at(-1)!.sparsity, 0)}`;
    default:
      return "";
  }
}

const COLUMNS: Table["columns"] = [
  text("What is cut"),
  figure("Cut", 1, "%"),
  figure("Times faster", 3),
  figure("Low", 3),
  figure("High", 3),
  figure("Time", 2, "µs"),
  figure("Dense", 2, "µs"),
  text("Kernel"),
];

const cells = (row: SurveyRow): Cell[] => [
  row.series,
  100 * row.sparsity,
  row.ratio,
  row.low,
  row.high,
  row.us,
  row.dense_us,
  row.kernel,
];

const layerTable = (rows: SurveyRow[]): Table => ({ columns: COLUMNS, rows: rows.map(cells) });

/** All points of a survey, a line each. */
export const surveyTable = (rows: SurveyRow[]): Table => ({
  columns: [text("Layer"), ...COLUMNS, figure("Pixels", 0), figure("Weights", 0), text("Executor")],
  rows: rows.map((row) => [row.layer_name, ...cells(row), row.pixels, row.weights, row.executor ?? "cpu"]),
});

/** Before anything is measured: what will be seen, and how it is read. */
export function example(): TemplateResult {
  return html`<div class="teach sketch">
    <div>
      <h2>What will be seen</h2>
      <p>
        A sparse kernel leaves out the multiply-adds of what was cut, and pays for that with finding what is left. On
        the left of a chart the finding costs more than it saves, and dense is faster; further right it turns.
      </p>
      <p>
        Where it turns differs from device to device, from layer to layer, and with what is cut together. So it is
        measured here, for the shapes of layers that small networks have.
      </p>
      <p>The axis upward doubles at every step. Bars are 95% intervals; a ring marks the break-even.</p>
    </div>
    <secateur-figure
      .bare=${true}
      .heading=${"How a chart is read"}
      .note=${"Drawn by hand; nothing was measured."}
      .file=${"secateur-break-even-example"}
      .height=${HEIGHT}
      .label=${"An example: a line begins below 1×, where dense is faster, and rises above it from 60% on"}
      .deps=${[]}
      .table=${layerTable(EXAMPLE.rows)}
      .draw=${(width: number) =>
        breakEvenPlot({ series: [EXAMPLE], names: [EXAMPLE.name], ends: [0.25, 8], width, height: HEIGHT })}
    ></secateur-figure>
  </div>`;
}

const EXAMPLE: Series = {
  name: "sparse",
  rows: [0.2, 0.35, 0.5, 0.7, 0.8, 0.9, 0.95].map((sparsity) => {
    const times = 1 / (0.08 + 2.3 * (1 - sparsity));
    return {
      executor: "cpu",
      layer: "example",
      layer_name: "Example",
      series: "sparse",
      sparsity,
      us: 100 / times,
      dense_us: 100,
      ratio: times,
      low: times * 0.95,
      high: times * 1.05,
      kernel: "drawn by hand",
      pixels: 0,
      weights: 0,
    };
  }),
};
