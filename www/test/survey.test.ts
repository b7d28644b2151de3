// The survey: where a series breaks even, and what it says in short.

import assert from "node:assert/strict";
import { test } from "node:test";
import { crosses } from "../format.js";
import { running } from "../plots/curves.js";
import { apart, placed } from "../plots/labels.js";
import { boxed } from "../plots/frame.js";
import { breakEven, layersOf, outcome, summaries, unsteady } from "../survey.js";
import type { SurveyRow } from "../types.js";
import { inWords, reach, surveyTable } from "../views/layers.js";

function row(sparsity: number, ratio: number, more: Partial<SurveyRow> = {}): SurveyRow {
  const known = { executor: "cpu", layer: "l", layer_name: "A layer", series: "a", kernel: "k", pixels: 4, weights: 9 };
  return { ...known, sparsity, ratio, low: ratio * 0.95, high: ratio * 1.05, us: 10 / ratio, dense_us: 10, ...more };
}
const rows = (...pairs: [number, number][]): SurveyRow[] => pairs.map(([sparsity, ratio]) => row(sparsity, ratio));

test("a series breaks even where the logarithm of its ratio is nought", () => {
  const even = breakEven(rows([0.2, 0.5], [0.4, 2], [0.9, 8]));
  assert.equal(even?.kind, "from");
  assert.ok(Math.abs((even as { at: number }).at - 0.3) < 1e-12, "half-way between a half and two");
  const skew = breakEven(rows([0, 0.25], [0.9, 2]));
  assert.ok(Math.abs((skew as { at: number }).at - 0.6) < 1e-12, "two doublings of three");
});

test("a ratio of exactly one is break-even", () => {
  assert.deepEqual(breakEven(rows([0.2, 0.5], [0.5, 1], [0.9, 4])), { kind: "from", at: 0.5 });
});

test("a series that pays throughout, or never, says so", () => {
  assert.deepEqual(breakEven(rows([0.2, 1.1], [0.9, 4])), { kind: "always", at: 0.2 });
  assert.deepEqual(breakEven(rows([0.2, 0.3], [0.9, 0.9])), { kind: "never" });
  assert.equal(breakEven([]), undefined);
});

test("an advantage that is lost again counts only when it is won back for good", () => {
  const back = breakEven(rows([0.2, 1.2], [0.4, 0.5], [0.6, 2], [0.9, 4]));
  assert.equal(back?.kind, "from");
  assert.ok(Math.abs((back as { at: number }).at - 0.5) < 1e-12);
  const lost = breakEven(rows([0.2, 0.5], [0.4, 2], [0.6, 2], [0.8, 0.5]));
  assert.equal(lost?.kind, "between");
  const { at, to } = lost as { at: number; to: number };
  assert.ok(Math.abs(at - 0.3) < 1e-12 && Math.abs(to - 0.7) < 1e-12);
});

test("one point alone is told as it is", () => {
  const only = row(0.5, 1.4);
  assert.deepEqual(breakEven([only]), { kind: "point", row: only });
  assert.equal(outcome(only), "faster");
  assert.equal(outcome(row(0.5, 0.7)), "slower");
  assert.equal(outcome(row(0.5, 1.01)), "even");
});

test("a measurement that was disturbed is known by its intervals", () => {
  const [calm, wild] = [row(0.5, 2), row(0.5, 2, { low: 1, high: 4 })];
  assert.equal(unsteady([calm, calm, wild]), false);
  assert.equal(unsteady([calm, wild, wild]), true);
  assert.equal(unsteady([]), false);
});

test("what is found is said in words", () => {
  const said = (...pairs: [number, number][]) => inWords({ name: "a", rows: rows(...pairs) });
  assert.equal(said([0.2, 0.5], [0.4, 2]), "pay from 30% on");
  assert.equal(said([0.2, 1.5], [0.4, 2]), "pay from 20% on, or sooner");
  assert.equal(said([0.2, 0.5], [0.95, 0.9]), "never pay, up to 95%");
  assert.equal(said([0.2, 0.5], [0.4, 2], [0.6, 0.5]), "pay from 30% to 50% only");
  assert.equal(said([0.5, 0.7]), "0.70× at 50%: dense is faster");
  assert.equal(said([0.5, 1.4]), "1.40× at 50%");
});

test("points are put in order by layer and series; layers to come have their places", () => {
  const mixed = [row(0.9, 4), row(0.2, 0.5), row(0.5, 1, { series: "b" }), row(0.2, 1, { layer_name: "Another" })];
  const layers = layersOf(mixed, ["A layer", "Yet to come"]);
  assert.deepEqual(
    layers.map((layer) => layer.name),
    ["A layer", "Yet to come", "Another"],
  );
  assert.deepEqual(
    layers[0]!.series.map((series) => [series.name, series.rows.map((each) => each.sparsity)]),
    [
      ["a", [0.2, 0.9]],
      ["b", [0.5]],
    ],
  );
  assert.deepEqual(layers[1]!.series, []);
});

test("in short: the middle over the layers on which it pays", () => {
  const layer = (name: string, ...ratios: number[]) =>
    ratios.map((ratio, i) => row([0.2, 0.4][i]!, ratio, { layer_name: name }));
  const point = row(0.5, 1.2, { series: "b", layer_name: "x" });
  const all = layersOf([...layer("x", 0.5, 2), ...layer("y", 0.25, 4), ...layer("z", 0.5, 0.6), point]);
  const [a, b] = summaries(all);
  assert.deepEqual([a!.name, a!.layers, a!.pays, a!.early], ["a", 3, 2, false]);
  assert.ok(Math.abs(a!.at!.middle - 0.3) < 1e-12);
  assert.deepEqual(b, {
    name: "b",
    layers: 1,
    pays: 1,
    early: false,
    point: { sparsity: 0.5, middle: 1.2, least: 1.2, most: 1.2 },
  });
  const [never] = summaries(layersOf(layer("x", 0.5, 0.6)));
  assert.equal(never!.at, undefined);
  const [early] = summaries(layersOf(layer("x", 1.5, 2)));
  assert.equal(early!.early, true);
});

test("the axis moves only for what would not fit", () => {
  assert.deepEqual(reach([]), [0.25, 32]);
  assert.deepEqual(reach([row(0.2, 0.3), row(0.9, 30)]), [0.25, 32]);
  assert.deepEqual(reach([row(0.2, 0.1), row(0.9, 100)]), [0.0625, 128]);
});

test("the table has a line a point", () => {
  const table = surveyTable([row(0.2, 0.5), row(0.5, 1)]);
  assert.equal(table.rows.length, 2);
  assert.equal(table.rows[0]!.length, table.columns.length);
});

test("labels keep apart, and within bounds", () => {
  assert.deepEqual(apart([50, 51, 100], 10, 0, 200), [50, 60, 100]);
  assert.deepEqual(apart([100, 99, 98], 10, 0, 100), [100, 90, 80]);
  assert.deepEqual(apart([], 10, 0, 100), []);
});

test("a label takes a free place beside its point, or none", () => {
  const box = boxed(300, 200);
  const at: [number, number] = [150, 100];
  const [first, second] = placed([{ text: "one", at }, { text: "two", at }], [at], box);
  assert.equal(first!.anchor, "start");
  assert.equal(second!.anchor, "end");
  assert.equal(placed(Array(9).fill({ text: "same", at }), [at], box).length, 4);
  assert.deepEqual(placed([{ text: "far too long for this box, far too long", at }], [at], box), []);
});

test("the running mean looks back only", () => {
  assert.deepEqual(running([1, 3, 5]), [1, 3, 5]);
  const steps = Array.from({ length: 16 }, (_, i) => i);
  assert.deepEqual(running(steps).slice(0, 4), [0, 0.5, 1.5, 2.5]);
});

test("sizes are written with a cross", () => {
  assert.equal(crosses("3x3 convolution, 14 x 14"), "3 × 3 convolution, 14 × 14");
  assert.equal(crosses("max 3 taxes"), "max 3 taxes");
});
