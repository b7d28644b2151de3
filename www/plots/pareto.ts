// Accuracy against what the cut bought: every run a point, the best of them joined.

import * as Plot from "@observablehq/plot";
import { percent, ratio, share } from "../format.js";
import type { Point } from "../select.js";
import { base, colours } from "./base.js";

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

const SYMBOL = { dense: "square", run: "circle", reference: "diamond" } as const;

export function paretoPlot(plot: ParetoPlot): Element {
  const { points, best, width } = plot;
  const labelled = spread(points.filter((p) => p.kind === "dense" || p.shown || best.some((b) => b.run === p.run)));
  const accuracies = points.flatMap((p) => [p.low, p.high]);
  const bottom = Math.min(...accuracies);
  const top = Math.max(...accuracies);
  const pad = Math.max(0.004, (top - bottom) * 0.08);
  const xs = points.map((p) => p.x);
  const right = plot.fraction
    ? Math.max(0.1, Math.max(...xs) * 1.12)
    : Math.max(1.2, Math.max(...xs) + (Math.max(...xs) - Math.min(...xs)) * 0.16);
  const drawing = Plot.plot({
    ...base(width, plot.height),
    x: {
      label: plot.cost,
      labelArrow: false,
      domain: plot.fraction ? [0, Math.min(1, right)] : [Math.min(1, ...xs) - 0.08, right],
      ticks: width < 500 ? 4 : 7,
      tickFormat: (value: number) => (plot.fraction ? share(value) : `${+value.toFixed(2)}×`),
    },
    y: {
      label: "Accuracy on test images (%)",
      labelArrow: false,
      domain: [Math.max(0, bottom - pad), Math.min(1, top + pad)],
      ticks: 5,
      tickFormat: (value: number) => `${+(value * 100).toFixed(1)}`,
      grid: true,
    },
    marks: [
      Plot.ruleX(plot.fraction ? [] : [1], { stroke: colours.rule }),
      Plot.line(best, { x: "x", y: "accuracy", stroke: colours.kept, strokeWidth: 1.25, strokeDasharray: "3 3" }),
      Plot.ruleX(points, { x: "x", y1: "low", y2: "high", stroke: colours.grey, strokeWidth: 1 }),
      ...(["run", "reference", "dense"] as const).map((kind) =>
        Plot.dot(
          points.filter((p) => p.kind === kind),
          {
            x: "x",
            y: "accuracy",
            symbol: SYMBOL[kind],
            r: (p: ParetoPoint) => (p.shown ? 6.5 : 4.5),
            fill: (p: ParetoPoint) =>
              kind === "dense"
                ? colours.ink
                : kind === "reference"
                  ? colours.paper
                  : p.shown
                    ? colours.kept
                    : colours.kept,
            stroke: (p: ParetoPoint) =>
              p.shown || kind === "dense" ? colours.ink : kind === "reference" ? colours.soft : colours.paper,
            strokeWidth: 1.5,
            title: (p: ParetoPoint) =>
              `${p.name}: ${percent(p.accuracy)} at ${plot.fraction ? share(p.x) : ratio(p.x)}`,
          },
        ),
      ),
      Plot.text(labelled, {
        x: "x",
        y: "accuracy",
        text: "label",
        dx: 7,
        dy: -11,
        textAnchor: "start",
        fill: colours.soft,
        stroke: colours.paper,
        strokeWidth: 4,
        filter: (p: ParetoPoint) => p.x <= right * 0.72,
      }),
      Plot.text(labelled, {
        x: "x",
        y: "accuracy",
        text: "label",
        dx: -7,
        dy: -11,
        textAnchor: "end",
        fill: colours.soft,
        stroke: colours.paper,
        strokeWidth: 4,
        filter: (p: ParetoPoint) => p.x > right * 0.72,
      }),
    ],
  });
  const dots = drawing.querySelectorAll('[aria-label="dot"] path, [aria-label="dot"] circle');
  const order = [
    ...points.filter((p) => p.kind === "run"),
    ...points.filter((p) => p.kind === "reference"),
    ...points.filter((p) => p.kind === "dense"),
  ];
  dots.forEach((dot, i) => dot.addEventListener("click", () => order[i] && plot.pick(order[i])));
  return drawing;
}

/** Labels on points too near one another are dropped, the shown run's first kept. */
function spread(points: ParetoPoint[]): ParetoPoint[] {
  const out: ParetoPoint[] = [];
  const ordered = [...points].sort(
    (a, b) => Number(b.shown) - Number(a.shown) || Number(b.kind === "dense") - Number(a.kind === "dense"),
  );
  const span = (of: (p: ParetoPoint) => number) =>
    Math.max(1e-9, Math.max(...points.map(of)) - Math.min(...points.map(of)));
  const [wide, tall] = [span((p) => p.x), span((p) => p.accuracy)];
  for (const point of ordered) {
    const near = out.some(
      (o) => Math.abs(o.x - point.x) / wide < 0.3 && Math.abs(o.accuracy - point.accuracy) / tall < 0.09,
    );
    if (!near) out.push(point);
  }
  return out;
}
