// A sweep's plan: what of it was understood, and when it may start.

import assert from "node:assert/strict";
import { test } from "node:test";
import { numbers } from "../numbers.js";
import { initial } from "../state.js";
import { alike, combine, follow, tallied, understood } from "../sweep.js";
import type { Run } from "../state.js";
import type { Settings } from "../types.js";

const plan = (sparsities: string, seeds: string, methods = ["a"]) => ({
  sparsities: numbers(sparsities, { percent: true }),
  seeds: numbers(seeds, { whole: true }),
  methods,
  budget: undefined as Settings | undefined,
});

test("what was understood is said with the number of runs", () => {
  assert.deepEqual(tallied(plan("92,5; 95", "1"), 0), { says: "2 runs: sparsity 92.5%, 95%; seed 1.", ok: true });
  assert.deepEqual(tallied(plan("50", "1, 2", ["a", "b"]), 10), {
    says: "4 runs, about 40 s: sparsity 50%; seeds 1, 2.",
    ok: true,
  });
});

test("nothing starts while something was not understood, out of range, missing or too much", () => {
  for (const [given, says] of [
    [plan("50", "1.5, -1, abc"), /^Not understood: “1\.5”, “abc”/],
    [plan("50, x", "1"), /“x”/],
    [plan("50, 120", "1"), /0 up to/],
    [plan("50", "-1"), /from 0/],
    [plan("", "1"), /at least one/],
    [plan("50", "1", []), /at least one/],
    [plan("50", [...Array(201).keys()].join(" ")), /too many/],
  ] as const) {
    const got = tallied(given, 0);
    assert.equal(got.ok, false);
    assert.match(got.says, says);
  }
});

test("shares reach the runs as they were written", () => {
  const list = combine(initial(), { methods: ["a"], shares: [0.925, 0.07], seeds: [3], budget: undefined });
  assert.deepEqual(
    list.map(({ sparsity, seed }) => [sparsity, seed]),
    [
      ["0.925", "3"],
      ["0.07", "3"],
    ],
  );
});

test("a run that fails does not end the sweep, and says why", async () => {
  const told: unknown[] = [];
  const run = async ({ seed }: Settings): Promise<void> => {
    if (seed === "2") throw { kind: "engine", message: "It broke.", hint: "" };
  };
  await follow({ state: initial(), send: (msg) => told.push(msg) }, [{ seed: "1" }, { seed: "2" }, { seed: "3" }], run, () => false);
  const ends = told.filter((msg) => (msg as { type: string }).type === "sweepItem" && (msg as { status: string }).status !== "working");
  assert.deepEqual(
    ends.map((msg) => [(msg as { status: string }).status, (msg as { message?: string }).message]),
    [
      ["done", undefined],
      ["failed", "It broke."],
      ["done", undefined],
    ],
  );
});

test("one budget takes the place of what the form says of training, for every method", () => {
  const state = { ...initial(), settings: { "recovery.steps": "40", batch: "8", "training.lr": "0.5" } };
  const budget = understood({ "training.steps": "1 000", "training.lr": "0,02" });
  const [run] = combine(state, { methods: ["a"], shares: [0.5], seeds: [1], budget });
  assert.deepEqual(run, { batch: "8", "training.steps": "1000", "training.lr": "0.02", method: "a", sparsity: "0.5", seed: "1" });
  const [own] = combine(state, { methods: ["a"], shares: [0.5], seeds: [1], budget: undefined });
  assert.equal(own!["training.steps"], undefined);
  assert.equal(own!["training.lr"], "0.5");
});

test("a budget that is no number is named before anything starts", () => {
  const got = tallied({ ...plan("50", "1"), budget: { "training.steps": "many" } }, 0);
  assert.equal(got.ok, false);
  assert.match(got.says, /“many”/);
});

test("runs that were made are not made again", async () => {
  const asked: string[] = [];
  const run = async ({ seed }: Settings): Promise<void> => void asked.push(seed!);
  const runs = [{ settings: { sparsity: "0.5", seed: "1" } }] as unknown as Run[];
  const list = ["1", "2"].map((seed) => ({ seed, sparsity: "0.5" }));
  await follow({ state: { ...initial(), runs }, send: () => {} }, list, run, () => false);
  assert.deepEqual(asked, ["2"]);
  assert.equal(alike({ a: "1", b: "2", c: "3" }, { a: "1", b: "2" }), true);
  assert.equal(alike({ a: "1" }, { a: "1", b: "2" }), false);
});
