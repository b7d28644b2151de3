// A layer's weights before and after: pale is what was there, the filled bars are what is left.

import { scaleLinear, scaleSqrt } from "d3-scale";
import { svg, type SVGTemplateResult, type TemplateResult } from "lit";
import type { LayerPicture } from "../picture.js";
import { boxed, chart, colours, xAxis } from "./frame.js";

export function histogramPlot(picture: LayerPicture, width: number, height: number): TemplateResult {
  const { edges, before, after } = picture;
  const box = boxed(width, height, { top: 8, right: 8, bottom: 34, left: 8 });
  const x = scaleLinear([edges[0]!, edges.at(-1)!], [box.left, box.right]);
  const y = scaleSqrt([0, Math.max(1, ...before, ...after)], [box.bottom, box.top]);
  const bars = (counts: number[]): SVGTemplateResult[] =>
    counts.map((count, i) => {
      const [from, to, top] = [x(edges[i]!) + 0.5, x(edges[i + 1]!) - 0.5, y(count)];
      return svg`<rect x=${from} y=${top} width=${Math.max(0, to - from)} height=${box.bottom - top}></rect>`;
    });
  return chart(
    box,
    svg`<g fill=${colours.cut} fill-opacity="0.28">${bars(before)}</g>
    <g fill=${colours.kept}>${bars(after)}</g>
    <line x1=${box.left} x2=${box.right} y1=${box.bottom + 0.5} y2=${box.bottom + 0.5} stroke=${colours.grey}></line>
    ${xAxis(box, { scale: x, ticks: x.ticks(5), format: x.tickFormat(5), label: "Weight", tick: 3 })}`,
  );
}
