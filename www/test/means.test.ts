// Means over seeds, and marks that can be told apart.

import assert from "node:assert/strict";
import { test } from "node:test";
import { grouped, meansOf, spread, type Seen } from "../means.js";
import { lookOf } from "../plots/means.js";
import type { Run } from "../state.js";

const seen = (series: string, at: number, x: number, y: number): Seen => ({ run: {} as Run, series, at, x, y });

test("runs that differ by their seed alone are one point with its spread", () => {
  const series = meansOf([seen("b", 0.9, 4, 0.8), seen("a", 0.5, 2, 0.9), seen("b", 0.9, 6, 0.6), seen("b", 0.5, 2, 0.9)]);
  assert.deepEqual(
    series.map(({ name, points }) => [name, points.map(({ at, n }) => [at, n])]),
    [
      ["b", [[0.5, 1], [0.9, 2]]],
      ["a", [[0.5, 1]]],
    ],
  );
  const [mean] = series[0]!.points.slice(-1);
  assert.ok(Math.abs(mean!.y - 0.7) < 1e-12 && Math.abs(mean!.dy - Math.SQRT1_2 / 5) < 1e-12 && mean!.x === 5);
  assert.deepEqual(spread([3]), [3, 0]);
  assert.equal(grouped(meansOf([seen("a", 0.5, 1, 1), seen("b", 0.5, 1, 1)])), false);
  assert.equal(grouped(series), true);
});

test("no two of twenty-four series look alike", () => {
  const looks = Array.from({ length: 24 }, (_, i) => lookOf(i));
  const marks = looks.map(({ shape, hollow, dash }) => `${shape} ${hollow} ${dash}`);
  assert.equal(new Set(marks).size, 24);
});
