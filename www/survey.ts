// Questions asked of a survey: where sparsity begins to pay, layer by layer and in short; pure.

import type { SurveyRow } from "./types.js";

export interface Series {
  name: string;
  /** By sparsity. */
  rows: SurveyRow[];
}

export interface SurveyedLayer {
  name: string;
  series: Series[];
}

/** Points by layer and by what is cut, in the order in which they came; layers named beforehand have their places. */
export function layersOf(rows: SurveyRow[], names: string[] = []): SurveyedLayer[] {
  const all = [...new Set([...names, ...rows.map((row) => row.layer_name)])];
  return all.map((name) => ({ name, series: seriesOf(rows.filter((row) => row.layer_name === name)) }));
}

function seriesOf(rows: SurveyRow[]): Series[] {
  return [...new Set(rows.map((row) => row.series))].map((name) => ({
    name,
    rows: rows.filter((row) => row.series === name).sort((a, b) => a.sparsity - b.sparsity),
  }));
}

export type BreakEven =
  /** From this sparsity on it pays. */
  | { kind: "from"; at: number }
  /** It pays at all that was measured, of which this is the least. */
  | { kind: "always"; at: number }
  /** It pays between these only. */
  | { kind: "between"; at: number; to: number }
  | { kind: "never" }
  /** One sparsity only was measured. */
  | { kind: "point"; row: SurveyRow };

/** Between two points the logarithm of the ratio is taken for a straight line. */
const crossing = (a: SurveyRow, b: SurveyRow): number =>
  a.sparsity + ((b.sparsity - a.sparsity) * Math.log(a.ratio)) / (Math.log(a.ratio) - Math.log(b.ratio));

/** Where a series begins to pay, and for good: an earlier rise above dense that is lost again does not count. */
export function breakEven(rows: SurveyRow[]): BreakEven | undefined {
  const [first] = rows;
  if (!first) return undefined;
  if (rows.length === 1) return { kind: "point", row: first };
  const paying = rows.map((row) => row.ratio >= 1);
  const lost = paying.lastIndexOf(false);
  if (lost < 0) return { kind: "always", at: first.sparsity };
  if (lost < rows.length - 1) return { kind: "from", at: crossing(rows[lost]!, rows[lost + 1]!) };
  const last = paying.lastIndexOf(true);
  if (last < 0) return { kind: "never" };
  let start = last;
  while (start > 0 && paying[start - 1]) start--;
  const at = start > 0 ? crossing(rows[start - 1]!, rows[start]!) : first.sparsity;
  return { kind: "between", at, to: crossing(rows[last]!, rows[last + 1]!) };
}

/** Faster, slower, or not to be told apart from dense. */
export const outcome = (row: SurveyRow): "faster" | "slower" | "even" =>
  row.low > 1 ? "faster" : row.high < 1 ? "slower" : "even";

/** Half of the intervals are so wide that other work must have disturbed the measurement. */
export const unsteady = (rows: SurveyRow[]): boolean =>
  rows.filter((row) => row.high > 1.5 * row.low).length > rows.length / 2;

/** One way to cut, over all layers on which it was measured. */
export interface Summary {
  name: string;
  layers: number;
  /** Layers on which it pays in the end. */
  pays: number;
  /** The middle of the break-evens of those, and their ends; undefined where it never pays. */
  at?: { middle: number; least: number; most: number };
  /** On most of them it pays at the least that was measured already. */
  early: boolean;
  /** Instead, where one sparsity only was measured: the middle of the ratios there, and their ends. */
  point?: { sparsity: number; middle: number; least: number; most: number };
}

export function summaries(layers: SurveyedLayer[]): Summary[] {
  const names = [...new Set(layers.flatMap((layer) => layer.series.map((series) => series.name)))];
  return names.map((name) => {
    const found = layers
      .flatMap((layer) => layer.series.filter((series) => series.name === name))
      .map((series) => breakEven(series.rows))
      .filter((each) => each !== undefined);
    return summary(name, found);
  });
}

function summary(name: string, found: BreakEven[]): Summary {
  const points = found.flatMap((each) => (each.kind === "point" ? [each.row] : []));
  if (points.length === found.length) {
    const pays = points.filter((row) => outcome(row) === "faster").length;
    const point = { sparsity: points[0]?.sparsity ?? 0, ...spread(points.map((row) => row.ratio)) };
    return { name, layers: found.length, pays, early: false, point };
  }
  const ats = found.flatMap((each) => (each.kind === "from" || each.kind === "always" ? [each.at] : []));
  const early = 2 * found.filter((each) => each.kind === "always").length > ats.length;
  return { name, layers: found.length, pays: ats.length, early, ...(ats.length ? { at: spread(ats) } : {}) };
}

function spread(values: number[]): { middle: number; least: number; most: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  const middle = (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
  return { middle, least: sorted[0]!, most: sorted.at(-1)! };
}
