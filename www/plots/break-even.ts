// One layer, cut more and more: times faster than the fastest dense kernel, a line for each way to cut.

import { scaleLinear, scaleLog } from "d3-scale";
import { line } from "d3-shape";
import { nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { crosses, percent, ratio } from "../format.js";
import { breakEven, type Series } from "../survey.js";
import type { SurveyRow } from "../types.js";
import { boxed, chart, colours, halo, shaped, wide, xAxis, yAxis, type Box, type Shape } from "./frame.js";
import { apart } from "./labels.js";

export interface Look {
  shape: Shape;
  colour: string;
  /** Filled with paper, so that it differs by more than colour. */
  hollow: boolean;
  dash: string;
}

const LOOKS: Look[] = [
  { shape: "circle", colour: colours.kept, hollow: false, dash: "" },
  { shape: "square", colour: colours.ink, hollow: false, dash: "" },
  { shape: "diamond", colour: colours.ink, hollow: true, dash: "1 3" },
  { shape: "triangle", colour: colours.soft, hollow: true, dash: "6 3" },
];

/** The look of a series by its place among all; the same in every chart. */
export const lookOf = (name: string, all: string[]): Look => LOOKS[Math.max(0, all.indexOf(name)) % LOOKS.length]!;

export interface BreakEvenPlot {
  series: Series[];
  /** Names of the series of all layers, in order. */
  names: string[];
  /** Ends of the ratio's axis, the same for all layers. */
  ends: [number, number];
  width: number;
  height: number;
}

const SHARES = [0, 0.2, 0.4, 0.6, 0.8, 0.99];

export function breakEvenPlot(plot: BreakEvenPlot): TemplateResult {
  const room = Math.max(...plot.names.map((name) => wide(crosses(name))), 40) + 14;
  const box = boxed(plot.width, plot.height, { right: room });
  const x = scaleLinear([0, 0.99], [box.left, box.right]);
  const y = scaleLog(plot.ends, [box.bottom, box.top]);
  return chart(
    box,
    svg`${losing(box, y(1))}
    ${yAxis(box, { scale: y, ticks: powers(plot.ends), format: (value) => `${value}×`, label: "Times faster than dense", grid: true })}
    ${xAxis(box, { scale: x, ticks: SHARES, format: (value) => `${Math.round(value * 100)}`, label: "Weights cut (%)" })}
    <line x1=${box.left} x2=${box.right} y1=${y(1)} y2=${y(1)} stroke=${colours.ink} stroke-width="1.25"></line>
    ${plot.series.map((series) => oneSeries(series, lookOf(series.name, plot.names), x, y, box))}
    ${names(plot, box, x, y)}`,
  );
}

/** Below the line of 1 the dense kernel wins, and the chart says so. */
function losing(box: Box, one: number): SVGTemplateResult {
  return svg`<rect x=${box.left} y=${one} width=${box.right - box.left} height=${Math.max(0, box.bottom - one)} fill="var(--cut-faint)" fill-opacity="0.55"></rect>
    <text class="losing" x=${box.right - 6} y=${box.bottom - 6} text-anchor="end">dense is faster</text>`;
}

/** Powers of two between the ends: each step is a doubling. */
function powers([low, high]: [number, number]): number[] {
  const from = Math.ceil(Math.log2(low) - 1e-9);
  const to = Math.floor(Math.log2(high) + 1e-9);
  return Array.from({ length: to - from + 1 }, (_, i) => 2 ** (from + i));
}

type Scale = (value: number) => number;

function oneSeries(series: Series, look: Look, x: Scale, y: Scale, box: Box): SVGTemplateResult {
  const inside = (value: number) => Math.max(box.top, Math.min(box.bottom, y(value)));
  const places = series.rows.map((row): [number, number] => [x(row.sparsity), y(row.ratio)]);
  const even = breakEven(series.rows);
  return svg`<path d=${line()(places) ?? ""} fill="none" stroke=${look.colour} stroke-width="1.6" stroke-linejoin="round" stroke-dasharray=${look.dash || nothing}></path>
    ${series.rows.map((row) => svg`<line x1=${x(row.sparsity)} x2=${x(row.sparsity)} y1=${inside(row.low)} y2=${inside(row.high)} stroke=${look.colour} stroke-opacity="0.5"></line>`)}
    ${series.rows.map((row) => mark(row, look, x, y))}
    ${even && even.kind === "from" ? svg`<circle cx=${x(even.at)} cy=${y(1)} r="4" fill=${colours.paper} stroke=${look.colour} stroke-width="1.5"></circle>` : nothing}`;
}

const mark = (row: SurveyRow, look: Look, x: Scale, y: Scale): SVGTemplateResult =>
  svg`<path transform="translate(${x(row.sparsity)} ${y(row.ratio)})" d=${shaped(look.shape, 3)} fill=${look.hollow ? colours.paper : look.colour} stroke=${look.colour} stroke-width="1.2"><title>${crosses(row.series)} at ${percent(row.sparsity, 0)}: ${ratio(row.ratio)}, ${row.kernel}</title></path>`;

/** Each line is named at its end; those that reach furthest make room for one another there. */
function names(plot: BreakEvenPlot, box: Box, x: Scale, y: Scale): SVGTemplateResult[] {
  const ends = plot.series.flatMap(({ name, rows }) => {
    const last = rows.at(-1);
    return last ? [{ name, x: x(last.sparsity) + 9, y: y(last.ratio) + 4, colour: lookOf(name, plot.names).colour }] : [];
  });
  const edge = Math.max(...ends.map((end) => end.x));
  const far = ends.filter((end) => end.x === edge);
  const heights = apart(
    far.map((end) => end.y),
    15,
    box.top,
    box.bottom,
  );
  const placed = [
    ...far.map((end, i) => ({ ...end, y: heights[i]! })),
    ...ends.filter((end) => !far.includes(end)),
  ];
  return placed.map((end) => svg`<g fill=${end.colour}>${halo(end.x, end.y, "start", crosses(end.name))}</g>`);
}
