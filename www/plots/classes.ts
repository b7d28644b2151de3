// How each class fared: a line from its accuracy before to its accuracy after.

import { scaleLinear } from "d3-scale";
import { svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { known, percent } from "../format.js";
import type { ClassRow } from "../types.js";
import { boxed, chart, colours, shaped, xAxis } from "./frame.js";

export function classPlot(classes: ClassRow[], width: number, height: number): TemplateResult {
  const box = boxed(width, height, { top: 8, right: 64, left: 96 });
  const low = Math.min(1, ...classes.flatMap((row) => [row.before, row.after]).filter(known));
  const x = scaleLinear([Math.max(0, low - 0.03), 1], [box.left, box.right]);
  const step = (box.bottom - box.top) / Math.max(1, classes.length);
  return chart(
    box,
    svg`${xAxis(box, {
      scale: x,
      ticks: x.ticks(width < 500 ? 4 : 7),
      format: (value) => `${+(value * 100).toFixed(1)}`,
      label: "Accuracy on the class's test images (%)",
      grid: true,
    })}
    ${classes.map((row, i) => {
      const y = box.top + step * (i + 0.5);
      return svg`<text x=${box.left - 8} y=${y + 4} text-anchor="end">${row.label}</text>${marks(row, x, y, box.left)}`;
    })}`,
  );
}

/** A class without test images has no accuracy: no mark, but a dash. */
function marks({ before, after }: ClassRow, x: (value: number) => number, y: number, left: number): SVGTemplateResult {
  if (before === null || after === null) return svg`<text x=${left + 8} y=${y + 4}>–</text>`;
  const [from, to, worse] = [x(before), x(after), after < before];
  const colour = worse ? colours.cut : colours.kept;
  return svg`<line x1=${from} x2=${to} y1=${y} y2=${y} stroke=${colour} stroke-width="2"></line>
    <circle cx=${from} cy=${y} r="3.5" fill=${colours.paper} stroke=${colours.soft} stroke-width="1.5"></circle>
    <path transform="translate(${to} ${y})" d=${shaped(worse ? "triangle" : "circle", 4)} fill=${colour}></path>
    <text x=${Math.max(from, to) + 10} y=${y + 4}>${change(after - before)}</text>`;
}

/** A change of a fraction in points, with its sign. */
const change = (points: number): string =>
  Math.abs(points) < 0.0005 ? "0.0" : `${points > 0 ? "+" : "−"}${percent(Math.abs(points)).replace("%", "")}`;
