// Accuracy against what the cut bought: every run a point, the best of them joined.

import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { percent, ratio, share } from "../format.js";
import type { Point } from "../select.js";
import { boxed, chart, colours, halo, shaped, xAxis, yAxis, type Box } from "./frame.js";
import { placed } from "./labels.js";

export interface ParetoPoint extends Point {
  name: string;
  kind: "dense" | "run" | "reference";
  shown: boolean;
  label: string;
  low: number;
  high: number;
}

export interface ParetoPlot {
  points: ParetoPoint[];
  best: Point[];
  width: number;
  height: number;
  cost: string;
  /** A fraction axis; else a ratio to the dense network. */
  fraction: boolean;
  pick(point: ParetoPoint): void;
}

const LOOK = {
  dense: { shape: "square", fill: colours.ink, stroke: colours.ink },
  run: { shape: "circle", fill: colours.kept, stroke: colours.paper },
  reference: { shape: "diamond", fill: colours.paper, stroke: colours.soft },
} as const;
/** Drawn in this order: what one looks for comes last and lies on top. */
const RANK = { reference: 0, run: 1, dense: 2 };

export function paretoPlot(plot: ParetoPlot): TemplateResult {
  const { points, best, width } = plot;
  const box = boxed(width, plot.height);
  const x = scaleLinear(reach(plot), [box.left, box.right]);
  const y = scaleLinear(heights(points), [box.bottom, box.top]);
  const at = (point: Point): [number, number] => [x(point.x), y(point.accuracy)];
  const drawn = [...points].sort((a, b) => Number(a.shown) - Number(b.shown) || RANK[a.kind] - RANK[b.kind]);
  return chart(
    box,
    svg`${yAxis(box, {
      scale: y,
      ticks: y.ticks(5),
      format: (value) => `${+(value * 100).toFixed(1)}`,
      label: "Accuracy on the test set (%)",
      grid: true,
    })}
    ${xAxis(box, {
      scale: x,
      ticks: x.ticks(width < 500 ? 4 : 7),
      format: (value) => (plot.fraction ? share(value) : `${+value.toFixed(2)}×`),
      label: plot.cost,
    })}
    ${plot.fraction ? nothing : svg`<line x1=${x(1)} x2=${x(1)} y1=${box.top} y2=${box.bottom} stroke=${colours.rule}></line>`}
    <path d=${line()(best.map(at)) ?? ""} fill="none" stroke=${colours.kept} stroke-width="1.25" stroke-dasharray="3 3"></path>
    ${points.map((point) => svg`<line x1=${x(point.x)} x2=${x(point.x)} y1=${y(point.low)} y2=${y(point.high)} stroke=${colours.grey}></line>`)}
    ${drawn.map((point) => mark(plot, point, at(point)))}
    ${labels(plot, box, at)}`,
  );
}

function mark(plot: ParetoPlot, point: ParetoPoint, [x, y]: [number, number]): SVGTemplateResult {
  const { shape, fill, stroke } = LOOK[point.kind];
  return svg`<g class=${point.run ? "point" : ""} transform="translate(${x} ${y})" @click=${() => plot.pick(point)}>
    <title>${point.name}: ${percent(point.accuracy)} at ${plot.fraction ? share(point.x) : ratio(point.x)}</title>
    <circle r="10" fill="none" pointer-events="all"></circle>
    <path d=${shaped(shape, point.shown ? 6 : 4.5)} fill=${fill} stroke=${point.shown ? colours.ink : stroke} stroke-width="1.5"></path>
  </g>`;
}

/** The points worth a name: the dense network, the shown run, the best; a label that meets another gives way. */
function labels(plot: ParetoPlot, box: Box, at: (point: Point) => [number, number]): SVGTemplateResult[] {
  const { points, best } = plot;
  const named = points
    .filter((p) => p.kind === "dense" || p.shown || best.some((b) => b.run === p.run))
    .sort((a, b) => Number(b.shown) - Number(a.shown) || RANK[b.kind] - RANK[a.kind]);
  const marks = points.map(at);
  return placed(
    named.map((point) => ({ text: point.label, at: at(point) })),
    marks,
    box,
  ).map(({ x, y, anchor, text }) => halo(x, y, anchor, text));
}

function reach({ points, fraction }: ParetoPlot): [number, number] {
  const xs = points.map((point) => point.x);
  const [least, most] = [Math.min(...xs), Math.max(...xs)];
  if (fraction) return [0, Math.min(1, Math.max(0.1, most * 1.12))];
  return [Math.min(1, least) - 0.08, Math.max(1.2, most + (most - least) * 0.16)];
}

function heights(points: ParetoPoint[]): [number, number] {
  const [bottom, top] = [Math.min(...points.map((p) => p.low)), Math.max(...points.map((p) => p.high))];
  const pad = Math.max(0.004, (top - bottom) * 0.08);
  return [Math.max(0, bottom - pad), Math.min(1, top + pad)];
}
