// Numbers that a training shapes, as small histograms side by side, one a quarter: all on one scale.

import { scaleLinear, scaleSqrt } from "d3-scale";
import { svg, type SVGTemplateResult, type TemplateResult } from "lit";
import type { Shown } from "../types.js";
import { boxed, chart, colours } from "./frame.js";

export function shownPlot(shown: Shown[], width: number, height: number): TemplateResult {
  const box = boxed(width, height, { top: 8, right: 8, bottom: 34, left: 8 });
  const gap = 14;
  const each = (box.right - box.left - gap * (shown.length - 1)) / shown.length;
  const top = Math.max(1e-9, ...shown.map(({ histogram }) => histogram.top));
  const most = Math.max(1, ...shown.flatMap(({ histogram }) => histogram.counts));
  const y = scaleSqrt([0, most], [box.bottom, box.top]);
  const one = ({ step, histogram }: Shown, index: number): SVGTemplateResult => {
    const left = box.left + index * (each + gap);
    const x = scaleLinear([0, top], [left, left + each]);
    const bin = histogram.top / histogram.counts.length;
    const bar = (count: number, i: number): SVGTemplateResult =>
      svg`<rect x=${x(i * bin)} y=${y(count)} width=${Math.max(0.5, x(bin) - x(0) - 0.5)} height=${box.bottom - y(count)}></rect>`;
    return svg`<g fill=${colours.kept}>${histogram.counts.map(bar)}</g>
      <line x1=${left} x2=${left + each} y1=${box.bottom + 0.5} y2=${box.bottom + 0.5} stroke=${colours.grey}></line>
      <text x=${left} y=${box.bottom + 14} font-size="11" fill=${colours.grey}>0</text>
      <text x=${left + each} y=${box.bottom + 14} font-size="11" text-anchor="end" fill=${colours.grey}>${top.toPrecision(2)}</text>
      <text x=${left + each / 2} y=${box.bottom + 28} font-size="11" text-anchor="middle" fill=${colours.ink}>step ${step}</text>`;
  };
  return chart(box, svg`${shown.map(one)}`);
}
