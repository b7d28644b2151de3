// What all charts share: a box with margins, axes with ticks and a grid, labels, marks, and colours by name.

import { symbol, symbolCircle, symbolDiamond, symbolSquare, symbolTriangle2, type SymbolType } from "d3-shape";
import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";

export const colours = {
  kept: "var(--kept)",
  cut: "var(--cut)",
  ink: "var(--ink)",
  soft: "var(--soft)",
  grey: "var(--grey)",
  rule: "var(--rule)",
  paper: "var(--paper)",
};

/** A drawing and, inside its margins, the edges between which the marks lie. */
export interface Box {
  width: number;
  height: number;
  top: number;
  right: number;
  bottom: number;
  left: number;
}

export interface Margins {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

export function boxed(width: number, height: number, margins: Partial<Margins> = {}): Box {
  const { top, right, bottom, left } = { top: 24, right: 16, bottom: 40, left: 48, ...margins };
  return { width, height, top, left, right: Math.max(left + 1, width - right), bottom: height - bottom };
}

export const chart = (box: Box, marks: unknown): TemplateResult =>
  html`<svg class="plot" width=${box.width} height=${box.height} viewBox="0 0 ${box.width} ${box.height}">
    ${marks}
  </svg>`;

export interface Axis {
  scale(value: number): number;
  ticks: number[];
  format(value: number): string;
  /** What is measured, with its unit. */
  label?: string;
  grid?: boolean;
  /** Length of a tick. */
  tick?: number;
}

/** Lines of one pixel are sharp in the middle of a pixel. */
const crisp = (at: number): number => Math.round(at) + 0.5;

export function xAxis(box: Box, axis: Axis): SVGTemplateResult {
  const tick = axis.tick ?? 6;
  return svg`${axis.ticks.map((value) => {
    const x = axis.scale(value);
    return svg`${axis.grid ? svg`<line class="grid" x1=${crisp(x)} x2=${crisp(x)} y1=${box.top} y2=${box.bottom}></line>` : nothing}
      <line class="tick" x1=${crisp(x)} x2=${crisp(x)} y1=${box.bottom} y2=${box.bottom + tick}></line>
      <text x=${x} y=${box.bottom + tick + 12} text-anchor="middle">${axis.format(value)}</text>`;
  })}
  ${axis.label ? svg`<text x=${box.right} y=${box.height - 3} text-anchor="end">${axis.label}</text>` : nothing}`;
}

export function yAxis(box: Box, axis: Axis): SVGTemplateResult {
  const tick = axis.tick ?? 6;
  return svg`${axis.ticks.map((value) => {
    const y = axis.scale(value);
    return svg`${axis.grid ? svg`<line class="grid" x1=${box.left} x2=${box.right} y1=${crisp(y)} y2=${crisp(y)}></line>` : nothing}
      <line class="tick" x1=${box.left - tick} x2=${box.left} y1=${crisp(y)} y2=${crisp(y)}></line>
      <text x=${box.left - tick - 4} y=${y + 4} text-anchor="end">${axis.format(value)}</text>`;
  })}
  ${axis.label ? svg`<text x="0" y="11">${axis.label}</text>` : nothing}`;
}

const SHAPES = {
  circle: symbolCircle,
  square: symbolSquare,
  diamond: symbolDiamond,
  triangle: symbolTriangle2,
} satisfies Record<string, SymbolType>;

export type Shape = keyof typeof SHAPES;

/** The outline of a mark with the area of a circle of this radius. */
export const shaped = (shape: Shape, radius: number): string =>
  symbol(SHAPES[shape], Math.PI * radius * radius)() ?? "";

/** Text on top of marks: a rim in the paper's colour keeps it readable. */
export const halo = (x: number, y: number, anchor: "start" | "middle" | "end", text: string): SVGTemplateResult =>
  svg`<text class="halo" x=${x} y=${y} text-anchor=${anchor}>${text}</text>`;

/** About as wide as the system's font draws it at 12 px; for telling whether labels meet. */
export const wide = (text: string): number => text.length * 6.7;
