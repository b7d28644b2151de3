// Training as it goes: one line against the step, drawn over the whole length of the training to come.

import * as Plot from "@observablehq/plot";
import type { AccuracyPoint, TrainPoint } from "../types.js";
import { base, colours } from "./base.js";

export interface CurvePlot {
  curve: TrainPoint[];
  accuracy: AccuracyPoint[];
  of: "loss" | "accuracy";
  steps: number;
  width: number;
  height: number;
}

export function curvePlot(plot: CurvePlot): Element {
  const { curve, of } = plot;
  const fraction = of === "accuracy";
  const smooth = Plot.windowY(
    { k: Math.max(1, Math.min(15, Math.floor(curve.length / 8))), anchor: "end" },
    { x: "step", y: of },
  );
  const last = plot.accuracy.at(-1);
  const lowest = fraction ? Math.min(...curve.map((p) => p.accuracy), ...plot.accuracy.map((p) => p.low), 0.99) : 0;
  return Plot.plot({
    ...base(plot.width, plot.height),
    x: {
      label: "Training step",
      labelArrow: false,
      domain: [0, Math.max(plot.steps, curve.at(-1)?.step ?? 1)],
      ticks: 5,
    },
    y: {
      label: fraction ? "Accuracy (%)" : "Loss (nats)",
      labelArrow: false,
      ticks: 4,
      grid: true,
      domain: fraction ? [Math.max(0, lowest - 0.02), 1] : [0, Math.max(0.1, ...curve.map((p) => p.loss)) * 1.05],
      tickFormat: fraction ? (value: number) => `${+(value * 100).toFixed(1)}` : undefined,
    },
    marks: [
      Plot.dot(curve, { x: "step", y: of, r: 1.2, fill: colours.grey, fillOpacity: 0.55 }),
      curve.length > 3
        ? Plot.line(curve, { ...smooth, stroke: fraction ? colours.kept : colours.ink, strokeWidth: 1.6 })
        : [],
      fraction && plot.accuracy.length
        ? [
            Plot.ruleX(plot.accuracy, { x: "step", y1: "low", y2: "high", stroke: colours.ink }),
            Plot.dot(plot.accuracy, {
              x: "step",
              y: "accuracy",
              symbol: "diamond",
              r: 4,
              fill: colours.ink,
              stroke: colours.paper,
            }),
            Plot.text([last!], {
              x: "step",
              y: "accuracy",
              text: () => last!.split,
              dy: 16,
              fill: colours.soft,
              stroke: colours.paper,
              strokeWidth: 4,
              textAnchor: "end",
            }),
          ]
        : [],
    ],
  });
}
