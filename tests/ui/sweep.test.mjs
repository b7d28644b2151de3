// Sweeps compare methods on one budget, show means with their spread, and go on where they were interrupted.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LONG, ready, runs, saved, settled, state, suite } from "./lib.mjs";

const QUERY = "?model=lenet-300-100&executor=cpu";

/** Opens the dialog and fills it in; methods by name. */
async function dialog(page, { sparsities, seeds, methods, steps }) {
  await page.getByRole("button", { name: "Sweep…" }).click();
  const box = page.getByRole("dialog", { name: "Sweep" });
  await box.getByLabel("Sparsities in %").fill(sparsities);
  await box.getByLabel("Seeds").fill(seeds);
  if (steps) await box.getByLabel("Steps in all").fill(steps);
  for (const check of await box.locator("fieldset.methods input[type=checkbox]").all()) await check.setChecked(false);
  for (const name of methods) await box.getByRole("checkbox", { name: RegExp(`^${name}( baseline)?$`) }).setChecked(true);
  return box;
}

const strip = (page) => page.getByRole("region", { name: "Sweep" });

suite(test, "sweeps", [
  [
    "all methods get one budget, each row says so, and the chart has a line and a legend for each",
    { query: QUERY, colorScheme: "dark" },
    async (page) => {
      await settled(page);
      const methods = ["SNIP", "Layer magnitude"];
      const box = await dialog(page, { sparsities: "50; 90", seeds: "1, 2", methods, steps: "3" });
      await box.getByText("8 runs").waitFor();
      await box.getByRole("button", { name: "Start" }).click();
      await strip(page).getByText("Sweep over: 8 of 8 runs.").waitFor({ timeout: LONG });
      const made = (await state(page)).runs;
      assert.equal(made.length, 8);
      for (const { training, recipe } of made) {
        assert.equal(training.steps, 3, recipe.method);
        assert.ok(Math.abs(training.lr - 0.02) < 1e-6, recipe.method);
      }
      const chart = page.getByRole("img", { name: /^Mean accuracy .* a line for each of 2 methods/ });
      await chart.waitFor();
      const svg = (await saved(page, page.getByRole("button", { name: "Save Accuracy against as SVG" }))).bytes.toString();
      for (const name of methods) assert.ok(svg.includes(`>${name}<`), `${name} is missing in the legend`);
      assert.match(svg, /<rect width="100%" height="100%" fill="#ffffff"/, "drawn on white, on a dark page too");
      const csv = (await saved(page, page.getByRole("button", { name: "Save CSV" }))).bytes.toString();
      assert.match(csv, /Training steps,Batch size,Learning rate,Training images/);
      await page.getByRole("group", { name: "What a point is" }).getByRole("button", { name: "Runs" }).click();
      await page.locator("secateur-figure.pareto").waitFor();
      assert.deepEqual(page.problems, []);
    },
  ],
  [
    "each method's own training is a choice, and a budget that is no number is named",
    { query: QUERY },
    async (page) => {
      await ready(page);
      const box = await dialog(page, { sparsities: "50", seeds: "1", methods: ["SNIP"], steps: "many" });
      await box.getByText(/Not understood: “many”/).waitFor();
      assert.equal(await box.getByRole("button", { name: "Start" }).isDisabled(), true);
      await box.getByRole("checkbox", { name: "One budget for all methods" }).setChecked(false);
      assert.equal(await box.getByLabel("Steps in all").isDisabled(), true);
      assert.equal(await box.getByRole("button", { name: "Start" }).isDisabled(), false);
      await box.getByRole("button", { name: "Close" }).click();
    },
  ],
  [
    "runs that come to the same are made once",
    { query: QUERY },
    async (page) => {
      await settled(page);
      const box = await dialog(page, { sparsities: "50; 80", seeds: "1", methods: ["2:4"], steps: "1" });
      await box.getByRole("button", { name: "Start" }).click();
      await strip(page).getByText("Sweep over: 2 of 2 runs.").waitFor({ timeout: LONG });
      assert.equal((await state(page)).runs.length, 1);
    },
  ],
  [
    "a sweep that a reload interrupted goes on with what is left",
    { query: QUERY },
    async (page) => {
      await settled(page);
      const box = await dialog(page, { sparsities: "50", seeds: "1, 2, 3", methods: ["Random"], steps: "40" });
      await box.getByRole("button", { name: "Start" }).click();
      await runs(page, 1);
      await page.reload();
      await settled(page);
      const before = (await state(page)).runs.length;
      await strip(page).getByRole("button", { name: "Go on with the rest" }).click();
      await strip(page).getByText("Sweep over: 3 of 3 runs.").waitFor({ timeout: LONG });
      const seeds = (await state(page)).runs.map((record) => record.seed).sort();
      assert.deepEqual(seeds, [1, 2, 3], `${before} were made before, and none twice`);
    },
  ],
]);
