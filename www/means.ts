// Runs that differ by their seed alone, as one point with its spread; pure.

import type { Run } from "./state.js";

export interface Mean {
  /** The share asked for, or what else tells points of a series apart. */
  at: number;
  n: number;
  x: number;
  y: number;
  /** Sample standard deviations; 0 of one run. */
  dx: number;
  dy: number;
}

export interface MeanSeries {
  name: string;
  points: Mean[];
}

export interface Seen {
  run: Run;
  series: string;
  at: number;
  x: number;
  y: number;
}

/** Series in the order in which they are met, their points by share. */
export function meansOf(seen: Seen[]): MeanSeries[] {
  const names = [...new Set(seen.map(({ series }) => series))];
  return names.map((name) => {
    const own = seen.filter(({ series }) => series === name);
    const shares = [...new Set(own.map(({ at }) => at))].sort((a, b) => a - b);
    return { name, points: shares.map((at) => mean(at, own.filter((each) => each.at === at))) };
  });
}

function mean(at: number, seen: Seen[]): Mean {
  const [x, dx] = spread(seen.map((each) => each.x));
  const [y, dy] = spread(seen.map((each) => each.y));
  return { at, n: seen.length, x, y, dx, dy };
}

/** Mean and sample standard deviation. */
export function spread(values: number[]): [number, number] {
  const middle = values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return [middle, values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0];
}

/** Whether there is anything to take a mean of, or a line to draw: two runs of one method. */
export const grouped = (series: MeanSeries[]): boolean =>
  series.some(({ points }) => points.length > 1 || points.some((point) => point.n > 1));
