// Questions to the state, and the small pure helpers around them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { csv } from "../export.js";
import { bytes, count, duration, micros, milliseconds, percent, ratio, sentence, share } from "../format.js";
import { histogram, picture } from "../picture.js";
import { currentMethod, edited, fraction, frontier, isFolded, occupied, overrides, wanted, type Point } from "../select.js";
import { initial, type State } from "../state.js";
import { update } from "../store.js";
import { combine } from "../sweep.js";
import type { Axis, PartId, RunRecord } from "../types.js";
import { browserName } from "../views/how.js";
import type { Work } from "../work.js";
import { fakeCatalog } from "./fake-catalog.js";
import { FakeLab } from "./fake-lab.js";

function formed(settings: Record<string, string>): State {
  const state = { ...initial(), catalog: fakeCatalog, settings };
  return { ...state, check: new FakeLab().check(settings) };
}
const point = (x: number, accuracy: number): Point => ({ x, accuracy, run: undefined, record: {} as RunRecord });

test("the frontier keeps what nothing else beats", () => {
  const best = frontier([point(1, 0.9), point(2, 0.85), point(1.5, 0.8), point(3, 0.85), point(2.5, 0.7)]);
  assert.deepEqual(
    best.map((p) => p.x),
    [1, 3],
  );
});

test("the frontier of nothing is empty", () => assert.deepEqual(frontier([]), []));

test("the fraction done weighs phases by their steps", () => {
  const phases = [
    { kind: "score" as const, label: "", steps: 10 },
    { kind: "train" as const, label: "", steps: 90 },
  ];
  const work = { phases, phase: 1, done: 45, total: 90 } as unknown as Work;
  assert.equal(fraction(work), 0.55);
  assert.equal(fraction({ ...work, phases: [] }), 0);
  assert.equal(fraction({ ...work, done: 900 }), 1);
});

test("the engine is taken by a run, a sweep or a survey; the dense measurement gives way", () => {
  const working = (job: Work["job"]): State => ({ ...initial(), work: { job } as Work });
  assert.equal(occupied(initial()), undefined);
  assert.equal(occupied(working("baseline")), undefined);
  assert.equal(occupied(working("run")), "run");
  assert.equal(occupied(working("survey")), "survey");
  const sweep = { id: "s", started: 0, items: [], state: "paused" as const };
  assert.equal(occupied({ ...initial(), sweep }), "run");
});

test("the network asked for is one that there is", () => {
  assert.equal(wanted(formed({}))?.key, "resnet8/fashion");
  assert.equal(wanted(formed({ model: "lenet-5" }))?.key, "lenet-5/mnist");
  assert.equal(wanted({ ...initial(), catalog: fakeCatalog, settings: { model: "nonesuch" } }), undefined);
});

test("the method in force is the named one, else the one whose choices are the recipe's", () => {
  assert.equal(currentMethod(formed({ method: "m5" }))?.id, "m5");
  assert.equal(currentMethod(formed({}))?.id, "m1");
});

test("a quiet axis is folded away until something is chosen on it", () => {
  const quiet: Axis = { ...fakeCatalog.axes[0]!, id: "extra", default: "nothing" as PartId, quiet: true, parts: [] };
  assert.deepEqual([isFolded(quiet, {}), isFolded(quiet, { extra: "nothing" }), isFolded(quiet, { extra: "more" })], [true, true, false]);
  assert.ok(!fakeCatalog.axes.some((axis) => isFolded(axis, {})));
});

test("what is changed about a method is what the engine says", () => {
  const check = { ...new FakeLab().check({ method: "m1" }), changed: ["pattern", "pattern.n"] };
  assert.deepEqual(overrides(update(formed({ method: "m1" }), { type: "checked", check })), ["pattern", "pattern.n"]);
});

test("the form is edited once it no longer says what the run was made with", () => {
  let state = formed({ sparsity: "0.8" });
  assert.equal(edited(state), true);
  const accuracy = { n: 1 };
  const record = { recipe: state.check!.settings, model: "resnet8", accuracy, classes: [] } as unknown as RunRecord;
  state = update(state, { type: "finished", run: { id: "a", at: 0, settings: state.settings, record } });
  assert.equal(edited(state), false);
  assert.equal(edited({ ...state, settings: { sparsity: "0.7" } }), true);
});

test("a sweep takes the form's axes for the form's method only", () => {
  const state = formed({ method: "m1", pattern: "nm", batch: "8" });
  const list = combine(state, { methods: ["m1", "m4"], shares: [0.5], seeds: [1, 2], budget: undefined });
  assert.equal(list.length, 4);
  assert.deepEqual(list[0], { method: "m1", pattern: "nm", batch: "8", sparsity: "0.5", seed: "1" });
  assert.deepEqual(list[1], { method: "m4", batch: "8", sparsity: "0.5", seed: "1" });
});

test("figures are written with their units", () => {
  assert.equal(percent(0.9156), "91.6%");
  assert.equal(share(0.9), "90%");
  assert.equal(share(0.985), "98.5%");
  assert.equal(bytes(312_000), "312 kB");
  assert.equal(bytes(1_540_000), "1.54 MB");
  assert.equal(milliseconds(0.1534), "0.153 ms");
  assert.equal(micros(12.34), "12 µs");
  assert.equal(ratio(4.123), "4.1×");
  assert.equal(count(1234567), "1,234,567");
  assert.equal(percent(NaN), "–");
  assert.equal(duration(0.4), "under 1 s");
  assert.equal(duration(150), "3 min");
});

test("cells with commas and quotes survive in CSV", () => {
  const text = csv({ columns: [{ label: "a" }, { label: "b" }], rows: [["x, y", 'say "z"']] });
  assert.equal(text, 'a,b\n"x, y","say ""z"""\n');
});

test("the histogram leaves out what was cut and keeps the tails", () => {
  const values = Float32Array.of(-9, 0, 0.1, 9);
  const bins = histogram(values, 1, Uint8Array.of(1, 0, 1, 1));
  assert.equal(
    bins.reduce((a, b) => a + b, 0),
    3,
  );
  assert.equal(bins[0], 1);
  assert.equal(bins.at(-1), 1);
});

test("a layer's picture has an output unit a row", () => {
  const seen = picture({
    shape: [4, 2, 3, 3],
    before: new Float32Array(72),
    after: new Float32Array(72),
    mask: new Uint8Array(72),
  });
  assert.deepEqual([seen.rows, seen.columns], [4, 18]);
});

test("browsers are called by their names", () => {
  assert.equal(
    browserName(
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
    ),
    "Chrome 156",
  );
  assert.equal(
    browserName("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15"),
    "Safari 19",
  );
  assert.equal(browserName("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"), "Firefox 153");
});

test("what the engine says becomes a sentence; keys stay as they are", () => {
  assert.equal(sentence("choose another one"), "Choose another one.");
  assert.equal(sentence("sparsity=2 is too much"), "sparsity=2 is too much.");
  assert.equal(sentence("It stopped."), "It stopped.");
  assert.equal(sentence(""), "");
});
