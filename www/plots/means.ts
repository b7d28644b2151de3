// Means over seeds, a line for each method: fit for a paper, its legend inside.

import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { percent, ratio, share } from "../format.js";
import type { Mean, MeanSeries } from "../means.js";
import { boxed, chart, colours, halo, shaped, wide, xAxis, yAxis, type Box, type Shape } from "./frame.js";

interface Look {
  shape: Shape;
  colour: string;
  hollow: boolean;
  dash: string;
}

const SHAPES: Shape[] = ["circle", "square", "diamond", "triangle"];
const DASHES = ["", "6 3", "1 3"];
const COLOURS = [colours.kept, colours.ink, colours.cut, colours.soft];

/** No two of the first twenty-four series look alike: they differ by mark and filling, and by dash and colour after that. */
export const lookOf = (i: number): Look => ({
  shape: SHAPES[i % SHAPES.length]!,
  hollow: Math.floor(i / SHAPES.length) % 2 === 1,
  colour: COLOURS[(i + Math.floor(i / SHAPES.length)) % COLOURS.length]!,
  dash: DASHES[Math.floor(i / (2 * SHAPES.length)) % DASHES.length]!,
});

export interface MeansPlot {
  series: MeanSeries[];
  /** The dense network: its accuracy, and where it stands on the axis of what was bought. */
  dense: { x: number; y: number } | undefined;
  width: number;
  height: number;
  cost: string;
  /** A fraction axis; else a ratio to the dense network. */
  fraction: boolean;
}

const ROW = 18;

export function meansPlot(plot: MeansPlot): TemplateResult {
  const { series, dense, width, fraction } = plot;
  const columns = Math.max(1, Math.min(series.length, Math.floor((width - 48) / (Math.max(...series.map((s) => wide(s.name))) + 44))));
  const legend = Math.ceil(series.length / columns) * ROW;
  const box = boxed(width, plot.height + legend, { top: 30 + legend });
  const all = series.flatMap(({ points }) => points);
  const xs = [...all.flatMap(({ x, dx }) => [x - dx, x + dx]), ...(dense ? [dense.x] : [])];
  const ys = [...all.flatMap(({ y, dy }) => [y - dy, y + dy]), ...(dense ? [dense.y] : [])];
  const x = scaleLinear(padded(xs, fraction ? 0.04 : 0.1), [box.left, box.right]);
  const y = scaleLinear(padded(ys, 0.02), [box.bottom, box.top]);
  return chart(
    box,
    svg`${yAxis(box, {
      scale: y,
      ticks: y.ticks(6),
      format: (value) => `${+(value * 100).toFixed(1)}`,
      grid: true,
    })}
    <text x="0" y=${legend + 16}>Accuracy on the test set (%)</text>
    ${xAxis(box, {
      scale: x,
      ticks: x.ticks(width < 500 ? 4 : 7),
      format: (value) => (fraction ? share(value) : `${+value.toFixed(2)}×`),
      label: plot.cost,
    })}
    ${dense ? svg`<line x1=${box.left} x2=${box.right} y1=${y(dense.y)} y2=${y(dense.y)} stroke=${colours.grey} stroke-dasharray="2 3"></line>${halo(box.left + 6, y(dense.y) - 5, "start", "dense")}` : nothing}
    ${series.map((one, i) => drawn(one, lookOf(i), x, y, fraction))}
    ${series.map((one, i) => entry(one.name, lookOf(i), i, columns, box))}`,
  );
}

type Scale = (value: number) => number;

function drawn({ name, points }: MeanSeries, look: Look, x: Scale, y: Scale, fraction: boolean): SVGTemplateResult {
  const places = points.map((point): [number, number] => [x(point.x), y(point.y)]);
  return svg`<path d=${line()(places) ?? ""} fill="none" stroke=${look.colour} stroke-width="1.4" stroke-dasharray=${look.dash || nothing}></path>
    ${points.map((point) => bars(point, look, x, y))}
    ${points.map((point) => svg`<g transform="translate(${x(point.x)} ${y(point.y)})"><title>${says(name, point, fraction)}</title>${mark(look)}</g>`)}`;
}

const says = (name: string, { at, n, x, y, dy }: Mean, fraction: boolean): string =>
  `${name}, ${share(at)} cut, ${n} ${n === 1 ? "run" : "runs"}: ${percent(y)}${n > 1 ? ` ± ${percent(dy)}` : ""} at ${fraction ? share(x) : ratio(x)}`;

const bars = ({ x: px, y: py, dx, dy }: Mean, look: Look, x: Scale, y: Scale): SVGTemplateResult =>
  svg`<line x1=${x(px)} x2=${x(px)} y1=${y(py - dy)} y2=${y(py + dy)} stroke=${look.colour}></line>
    <line x1=${x(px - dx)} x2=${x(px + dx)} y1=${y(py)} y2=${y(py)} stroke=${look.colour}></line>`;

const mark = (look: Look): SVGTemplateResult =>
  svg`<path d=${shaped(look.shape, 4.5)} fill=${look.hollow ? colours.paper : look.colour} stroke=${look.colour} stroke-width="1.5"></path>`;

function entry(name: string, look: Look, i: number, columns: number, box: Box): SVGTemplateResult {
  const left = (i % columns) * ((box.width - 8) / columns);
  return svg`<g transform="translate(${left + 14} ${8 + Math.floor(i / columns) * ROW})">
    <line x1="-12" x2="12" y1="0" y2="0" stroke=${look.colour} stroke-width="1.4" stroke-dasharray=${look.dash || nothing}></line>
    ${mark(look)}
    <text x="18" y="4">${name}</text>
  </g>`;
}

function padded(values: number[], least: number): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = Math.max(least, (high - low) * 0.06);
  return [low - pad, high + pad];
}
