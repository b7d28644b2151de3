// Training as it goes: one line against the step, drawn over the whole length of the training to come.

import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import type { AccuracyPoint, TrainPoint } from "../types.js";
import { boxed, chart, colours, halo, shaped, xAxis, yAxis, type Box } from "./frame.js";

/** An accuracy on images that were held out. */
export type Held = AccuracyPoint & { accuracy: number; low: number; high: number };

export const isHeld = (point: AccuracyPoint): point is Held =>
  point.n > 0 && point.accuracy !== null && point.low !== null && point.high !== null;

export interface CurvePlot {
  curve: TrainPoint[];
  accuracy: Held[];
  of: "loss" | "accuracy";
  steps: number;
  width: number;
  height: number;
}

export function curvePlot(plot: CurvePlot): TemplateResult {
  const { curve, of } = plot;
  const fraction = of === "accuracy";
  const box = boxed(plot.width, plot.height);
  const x = scaleLinear([0, Math.max(plot.steps, curve.at(-1)?.step ?? 1)], [box.left, box.right]);
  const y = scaleLinear(fraction ? accuracies(plot) : losses(curve), [box.bottom, box.top]);
  const places = curve.map((point): [number, number] => [x(point.step), y(point[of])]);
  const smooth = running(curve.map((point) => point[of])).map((value, i): [number, number] => [places[i]![0], y(value)]);
  return chart(
    box,
    svg`${yAxis(box, {
      scale: y,
      ticks: y.ticks(4),
      format: fraction ? (value) => `${+(value * 100).toFixed(1)}` : y.tickFormat(4),
      label: fraction ? "Accuracy (%)" : "Loss (nats)",
      grid: true,
    })}
    ${xAxis(box, { scale: x, ticks: x.ticks(5), format: x.tickFormat(5), label: "Training step" })}
    <path d=${dots(places)} fill="none" stroke=${colours.grey} stroke-opacity="0.55" stroke-width="2.4" stroke-linecap="round"></path>
    ${curve.length > 3 ? svg`<path d=${line()(smooth) ?? ""} fill="none" stroke=${fraction ? colours.kept : colours.ink} stroke-width="1.6" stroke-linejoin="round"></path>` : nothing}
    ${fraction ? held(plot.accuracy, box, x, y) : nothing}`,
  );
}

/** All mini-batches in one path: a training has thousands. */
const dots = (places: [number, number][]): string =>
  places.map(([x, y]) => `M${x.toFixed(1)},${y.toFixed(1)}h0`).join("");

/** Means over the last points, more of them the longer the curve is. */
export function running(values: number[]): number[] {
  const window = Math.max(1, Math.min(15, Math.floor(values.length / 8)));
  return values.map((_, i) => {
    const seen = values.slice(Math.max(0, i + 1 - window), i + 1);
    return seen.reduce((a, b) => a + b, 0) / seen.length;
  });
}

const losses = (curve: TrainPoint[]): [number, number] => [0, Math.max(0.1, ...curve.map((p) => p.loss)) * 1.05];

function accuracies({ curve, accuracy }: CurvePlot): [number, number] {
  const lowest = Math.min(...curve.map((p) => p.accuracy), ...accuracy.map((p) => p.low), 0.99);
  return [Math.max(0, lowest - 0.02), 1];
}

type Scale = (value: number) => number;

/** Accuracy on images that were held out, with its interval. */
function held(points: Held[], box: Box, x: Scale, y: Scale): SVGTemplateResult | typeof nothing {
  const last = points.at(-1);
  if (!last) return nothing;
  const below = Math.min(y(last.accuracy) + 20, box.bottom - 4);
  return svg`${points.map(
    (point) => svg`<line x1=${x(point.step)} x2=${x(point.step)} y1=${y(point.low)} y2=${y(point.high)} stroke=${colours.ink}></line>
      <path transform="translate(${x(point.step)} ${y(point.accuracy)})" d=${shaped("diamond", 4)} fill=${colours.ink} stroke=${colours.paper}></path>`,
  )}
  ${halo(Math.min(x(last.step) + 4, box.right), below, "end", last.split)}`;
}
