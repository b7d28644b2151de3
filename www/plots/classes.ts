// How each class fared: a line from its accuracy before to its accuracy after.

import * as Plot from "@observablehq/plot";
import { percent } from "../format.js";
import type { RunRecord } from "../types.js";
import { base, colours } from "./base.js";

export function classPlot(classes: RunRecord["classes"], width: number, height: number): Element {
  const worse = (row: RunRecord["classes"][number]) => row.after < row.before;
  const low = Math.min(...classes.flatMap((row) => [row.before, row.after]));
  return Plot.plot({
    ...base(width, height),
    marginLeft: 96,
    marginTop: 8,
    marginRight: 64,
    x: {
      label: "Accuracy on the class's test images (%)",
      labelArrow: false,
      domain: [Math.max(0, low - 0.03), 1],
      ticks: width < 500 ? 4 : 7,
      tickFormat: (value: number) => `${+(value * 100).toFixed(1)}`,
      grid: true,
    },
    y: { label: null, domain: classes.map((row) => row.label), tickSize: 0 },
    marks: [
      Plot.ruleY(classes, {
        y: "label",
        x1: "before",
        x2: "after",
        stroke: (r) => (worse(r) ? colours.cut : colours.kept),
        strokeWidth: 2,
      }),
      Plot.dot(classes, {
        x: "before",
        y: "label",
        r: 3.5,
        fill: colours.paper,
        stroke: colours.soft,
        strokeWidth: 1.5,
      }),
      Plot.dot(classes, {
        x: "after",
        y: "label",
        r: 4,
        fill: (r) => (worse(r) ? colours.cut : colours.kept),
        symbol: (r: RunRecord["classes"][number]) => (worse(r) ? "triangle2" : "circle"),
      }),
      Plot.text(classes, {
        x: (r) => Math.max(r.before, r.after),
        y: "label",
        dx: 10,
        textAnchor: "start",
        fill: colours.soft,
        text: (r: RunRecord["classes"][number]) => change(r.after - r.before),
      }),
    ],
  });
}

export const change = (points: number): string =>
  Math.abs(points) < 0.0005 ? "0.0" : `${points > 0 ? "+" : "−"}${percent(Math.abs(points)).replace("%", "")}`;
