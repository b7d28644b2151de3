// Tables: the same cells on the page and in the file.

import assert from "node:assert/strict";
import { test } from "node:test";
import { csv } from "../export.js";
import { honest } from "../record.js";
import { figure, shown, text, type Table } from "../table.js";
import type { RunRecord } from "../types.js";
import { FakeLab } from "./fake-lab.js";

const table: Table = {
  columns: [text("Layer"), figure("Weights", 0), figure("Cut", 1, "%"), figure("Time", 2, "µs"), figure("Seed")],
  rows: [
    ['a, "b"', 235200, 83.3333, 0.125, 12345],
    ["c", 10, null, null, 1],
  ],
};

test("in the file numbers are numbers, and the head has the units", () => {
  assert.equal(
    csv(table),
    'Layer,Weights,Cut (%),Time (µs),Seed\n"a, ""b""",235200,83.3,0.12,12345\nc,10,,,1\n',
  );
});

test("on the page thousands are grouped, and a dash stands where there is nothing", () => {
  const cells = table.rows.map((row) => row.map((cell, i) => shown(cell, table.columns[i]!)));
  assert.deepEqual(cells[0], ['a, "b"', "235,200", "83.3", "0.12", "12345"]);
  assert.deepEqual(cells[1], ["c", "10", "–", "–", "1"]);
});

test("what has no unit in its cell has none in the file either", () => {
  for (const line of csv(table).split("\n").slice(1)) assert.doesNotMatch(line, /%|µs|\d,\d{3}"/);
});

test("no images is no accuracy: a nought of an earlier engine is taken for what it was", () => {
  const lab = new FakeLab();
  lab.open("resnet8");
  lab.data("fashion");
  lab.start("run", { sparsity: "0.8", "recovery.epochs": "0" });
  let record: RunRecord | undefined;
  while (!record) for (const event of lab.advance(0)) if (event.type === "result") record = event.record;
  assert.equal(honest(record), record, "one with images is left as it is");
  const [first, ...rest] = record.classes;
  const partial = honest({ ...record, classes: [{ ...first!, n: 0, before: 0, after: 0 }, ...rest] });
  assert.deepEqual([partial.classes[0]!.before, partial.classes[0]!.after], [null, null]);
  assert.deepEqual(partial.classes.slice(1), rest);
  assert.equal(partial.accuracy, record.accuracy);
  const none = honest({ ...record, accuracy: { ...record.accuracy, n: 0, before: 0, after: 0 } });
  assert.deepEqual([none.accuracy.before, none.accuracy.after, none.accuracy.low], [null, null, null]);
});
