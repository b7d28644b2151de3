// The store: what each message does to the state, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { initial, type Msg, type Run, type State } from "../state.js";
import { update } from "../store.js";
import type { LabEvent, RunRecord } from "../types.js";
import { fakeCatalog } from "./fake-catalog.js";
import { FakeLab } from "./fake-lab.js";

const after = (...messages: Msg[]): State => messages.reduce(update, initial());
const withCatalog: Msg = { type: "catalog", catalog: fakeCatalog };

function record(job: "baseline" | "run" = "run"): RunRecord {
  const lab = new FakeLab();
  lab.open("resnet8");
  lab.data("fashion");
  lab.start(job, { sparsity: "0.8", "recovery.epochs": "0" });
  for (;;) for (const event of lab.advance(0)) if (event.type === "result") return event.record;
}
const run = (id: string, at = 1): Run => ({ id, at, settings: { sparsity: "0.8" }, record: record() });
const model = (id = "resnet8") => new FakeLab().open(id);

test("update never changes the state it is given", () => {
  const state = Object.freeze(initial());
  Object.freeze(state.settings);
  Object.freeze(state.runs);
  const next = update(state, { type: "set", key: "sparsity", value: "0.5" });
  assert.deepEqual(state.settings, {});
  assert.deepEqual(next.settings, { sparsity: "0.5" });
});

test("a setting given as undefined returns to its default", () => {
  const state = after({ type: "set", key: "seed", value: "3" }, { type: "set", key: "seed", value: undefined });
  assert.deepEqual(state.settings, {});
});

test("another part on an axis drops the parameters of the one before", () => {
  const state = after(
    withCatalog,
    { type: "set", key: "pattern", value: "nm" },
    { type: "set", key: "pattern.n", value: "1" },
    { type: "set", key: "pattern", value: "fine" },
  );
  assert.deepEqual(state.settings, { pattern: "fine" });
});

test("a change to an axis names the method that it changes, so that one can go back", () => {
  const [method] = fakeCatalog.methods;
  const check = { ok: true, errors: [], warnings: [], disabled: {}, fixed: {}, method: method!.id, changed: [], settings: method!.settings, timeline: [] };
  const changed = after(withCatalog, { type: "checked", check }, { type: "set", key: "pattern", value: "nm" });
  assert.deepEqual(changed.settings, { method: method!.id, pattern: "nm" });
  assert.deepEqual(update(changed, { type: "method", id: method!.id }).settings, { method: method!.id });
});

test("a method clears the axes and keeps model, sparsity and seed", () => {
  const state = after(
    withCatalog,
    {
      type: "settings",
      settings: { model: "resnet8", sparsity: "0.7", seed: "4", criterion: "slope", "recovery.epochs": "2" },
    },
    { type: "method", id: "m4" },
  );
  assert.deepEqual(state.settings, { model: "resnet8", sparsity: "0.7", seed: "4", method: "m4" });
});

test("another model lets its own data follow", () => {
  const state = after(
    { type: "settings", settings: { model: "a", data: "b" } },
    { type: "set", key: "model", value: "c" },
  );
  assert.deepEqual(state.settings, { model: "c" });
});

test("an opened model chooses its largest prunable layer, and keeps a chosen one that it has", () => {
  assert.equal(after({ type: "opened", model: model() }).layer, "conv3_2");
  assert.equal(after({ type: "look", name: "stem" }, { type: "opened", model: model() }).layer, "stem");
  assert.equal(after({ type: "look", name: "stem" }, { type: "opened", model: model("lenet-5") }).layer, "fc1");
});

test("the events of a job gather in its work", () => {
  const events: LabEvent[] = [
    {
      type: "timeline",
      phases: [
        { kind: "score", label: "Score", steps: 4 },
        { kind: "train", label: "Fine-tune", steps: 100 },
      ],
    },
    { type: "phase", index: 1, label: "Fine-tune", kind: "train" },
    { type: "progress", phase: 1, done: 25, total: 100 },
    { type: "train", step: 25, loss: 0.5, accuracy: 0.8, lr: 0.1 },
    { type: "accuracy", step: 25, accuracy: 0.81, low: 0.79, high: 0.83, n: 500, split: "validation" },
    { type: "masks", sparsity: 0.5, layers: [{ name: "stem", kept: 1, total: 2 }] },
    { type: "note", level: "warn", message: "careful" },
  ];
  const { work } = after({ type: "work", job: "run", settings: {}, at: 0 }, { type: "events", events });
  assert.equal(work?.phase, 1);
  assert.equal(work?.done, 25);
  assert.equal(work?.curve.length, 1);
  assert.equal(work?.accuracy.length, 1);
  assert.equal(work?.masks?.[0]?.kept, 1);
  assert.deepEqual(work?.notes, ["careful"]);
});

test("events after a job was stopped are dropped", () => {
  const state = after(
    { type: "work", job: "run", settings: {}, at: 0 },
    { type: "stopped" },
    { type: "events", events: [{ type: "done" }] },
  );
  assert.equal(state.work, undefined);
});

test("a new job clears an old failure and leaves runs and the shown one", () => {
  const state = after(
    { type: "finished", run: run("a") },
    { type: "failure", failure: { kind: "state", message: "m", hint: "h" } },
    { type: "work", job: "run", settings: {}, at: 0 },
  );
  assert.equal(state.failure, undefined);
  assert.equal(state.runs.length, 1);
  assert.equal(state.shown, "a");
});

test("runs come newest first, stored ones are merged once", () => {
  const state = after(
    { type: "finished", run: run("b", 5) },
    { type: "runs", runs: [run("a", 1), run("b", 5), run("c", 9)] },
  );
  assert.deepEqual(
    state.runs.map((each) => each.id),
    ["c", "b", "a"],
  );
});

test("a run forgotten is no longer shown", () => {
  const state = after({ type: "finished", run: run("a") }, { type: "forget", id: "a" });
  assert.equal(state.shown, undefined);
  assert.equal(state.runs.length, 0);
});

test("a failure of the engine leaves earlier runs", () => {
  const state = after(
    { type: "finished", run: run("a") },
    { type: "work", job: "run", settings: {}, at: 0 },
    { type: "stopped" },
    { type: "failure", failure: { kind: "engine", message: "m", hint: "h" } },
    { type: "engine", engine: "restarting" },
  );
  assert.equal(state.runs.length, 1);
  assert.equal(state.engine, "restarting");
});

/** The events of a whole survey, and how many of them come before it is half done. */
function surveyed(): LabEvent[] {
  const lab = new FakeLab();
  lab.start("survey", {});
  const events: LabEvent[] = [];
  while (events.at(-1)?.type !== "done") events.push(...lab.advance(0));
  return events;
}
const surveying = (events: LabEvent[] = []): Msg[] => [
  { type: "work", job: "survey", settings: {}, at: 5 },
  { type: "events", events },
];
const wholeOf = (events: LabEvent[]): Msg => {
  const last = events.find((event) => event.type === "survey");
  return { type: "surveyed", survey: last!.survey, at: 9 };
};

test("a survey's points gather as they are measured; at its end it is kept whole", () => {
  const events = surveyed();
  const half = after(...surveying(events.slice(0, 60)));
  assert.ok(half.work!.rows.length > 20);
  assert.equal(half.survey, undefined);
  const whole = after(...surveying(events), wholeOf(events));
  assert.equal(whole.work, undefined);
  assert.equal(whole.survey?.at, 9);
  assert.deepEqual(whole.survey?.rows, whole.survey?.whole?.rows);
  assert.deepEqual(update(whole, { type: "place", place: { tab: "lab" } }).survey, whole.survey);
});

test("a cancelled survey keeps its points, but never in place of a whole one", () => {
  const events = surveyed();
  const cancelled = after(...surveying(events.slice(0, 60)), { type: "stopped" });
  assert.ok(cancelled.survey!.rows.length > 20);
  assert.equal(cancelled.survey!.whole, undefined);
  assert.equal(after(...surveying(), { type: "stopped" }).survey, undefined, "nothing measured, nothing kept");
  const stays = after(...surveying(events), wholeOf(events), ...surveying(events.slice(0, 60)), { type: "stopped" });
  assert.equal(stays.survey!.at, 9);
});

test("a run that stops leaves the survey alone", () => {
  const events = surveyed();
  const state = after(
    wholeOf(events),
    { type: "work", job: "run", settings: {}, at: 0 },
    { type: "stopped" },
  );
  assert.equal(state.survey?.at, 9);
});

test("baselines are kept a model", () => {
  const dense = record("baseline");
  assert.equal(after({ type: "baseline", of: "resnet8", record: dense }).baselines.resnet8, dense);
});

test("a cancelled sweep drops what waits and keeps what is done", () => {
  const items = [
    { settings: {}, status: "done" as const },
    { settings: {}, status: "working" as const },
    { settings: {}, status: "waiting" as const },
  ];
  const { sweep } = after(
    { type: "sweep", sweep: { id: "s", started: 0, items, state: "working" } },
    { type: "sweepState", state: "cancelled" },
  );
  assert.deepEqual(
    sweep?.items.map((item) => item.status),
    ["done", "dropped", "dropped"],
  );
});

test("a refused recipe keeps the timeline and defaults of the last good one, and nothing of other refused ones", () => {
  const lab = new FakeLab();
  const check = (settings: Record<string, string>): Msg => ({ type: "checked", check: lab.check(settings) });
  const refused = (key: string): Msg => ({
    type: "checked",
    check: { ok: false, errors: [], disabled: {}, fixed: {}, changed: [], settings: { [key]: "x" }, timeline: [], warnings: [] },
  });
  const state = after(check({ sparsity: "0.5" }), refused("odd"), refused("strange"));
  assert.ok(state.check!.timeline.length > 0);
  assert.equal(state.check!.settings.sparsity, "0.5");
  assert.equal(state.check!.settings.odd, undefined);
  assert.equal(state.check!.settings.strange, "x");
});
