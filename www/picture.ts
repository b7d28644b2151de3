// A layer made ready to be drawn: its mask as rows of output units, its weights as two histograms.

import type { LayerView } from "./types.js";

export interface LayerPicture {
  shape: number[];
  rows: number;
  columns: number;
  mask: Uint8Array;
  /** Ones of the mask. */
  kept: number;
  edges: number[];
  before: number[];
  after: number[];
}

const BINS = 41;

export function picture(view: LayerView): LayerPicture {
  const rows = view.shape[0] ?? 1;
  const columns = Math.max(1, Math.round(view.mask.length / rows));
  const reach = spread(view.before);
  const edges = Array.from({ length: BINS + 1 }, (_, i) => -reach + (2 * reach * i) / BINS);
  return {
    shape: view.shape,
    rows,
    columns,
    mask: view.mask,
    kept: view.mask.reduce((sum, one) => sum + one, 0),
    edges,
    before: histogram(view.before, reach),
    after: histogram(view.after, reach, view.mask),
  };
}

/** Three standard deviations: wide enough to see the tails, narrow enough to see the hole a cut leaves. */
function spread(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.max(1e-6, 3 * Math.sqrt(sum / Math.max(1, values.length)));
}

/** Counts a bin; values beyond the ends fall in the last ones. Cut weights are left out. */
export function histogram(values: Float32Array, reach: number, mask?: Uint8Array): number[] {
  const bins = new Array<number>(BINS).fill(0);
  for (let i = 0; i < values.length; i++) {
    if (mask && mask[i] === 0) continue;
    const at = Math.floor(((values[i]! + reach) / (2 * reach)) * BINS);
    bins[Math.min(BINS - 1, Math.max(0, at))]!++;
  }
  return bins;
}
