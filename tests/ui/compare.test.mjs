// Many runs: the sweep, the chart, the table, and the files to take away.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LONG, prune, ready, runs, saved, settled, slide, state, suite, withoutTraining } from "./lib.mjs";

async function sweep(page, sparsities, seeds) {
  await page.getByRole("button", { name: "Sweep…" }).click();
  const dialog = page.getByRole("dialog", { name: "Sweep" });
  await dialog.getByRole("textbox", { name: "Sparsities in %" }).fill(sparsities);
  await dialog.getByRole("textbox", { name: "Seeds" }).fill(seeds);
  const methods = dialog.locator("fieldset.methods input[type=checkbox]");
  for (const box of await methods.all()) await box.uncheck();
  await methods.first().check();
  return dialog;
}

suite(test, "compare", [
  [
    "before the first run the place of the runs says what it is for",
    {},
    async (page) => {
      await ready(page);
      await page.getByText("Nothing to compare yet").waitFor();
    },
  ],
  [
    "the sweep's dialog counts the runs and refuses nonsense",
    {},
    async (page) => {
      await settled(page);
      const dialog = await sweep(page, "50, 90", "1, 2, 3");
      await dialog.getByText(/^6 runs/).waitFor();
      await dialog.getByRole("textbox", { name: "Sparsities in %" }).fill("50, 120");
      await dialog.getByText(/go from 0/).waitFor();
      assert.equal(await dialog.getByRole("button", { name: "Start" }).isDisabled(), true);
      await dialog.getByRole("textbox", { name: "Sparsities in %" }).fill("");
      await dialog.getByText(/at least one/).waitFor();
    },
  ],
  [
    "a sweep makes every run, can be paused, and says when it is over",
    { query: "" },
    async (page) => {
      await ready(page);
      await withoutTraining(page);
      await settled(page);
      const dialog = await sweep(page, "50, 90", "1");
      await dialog.getByRole("button", { name: "Start" }).click();
      const strip = page.getByRole("region", { name: "Sweep" });
      await strip.getByText(/of 2 runs/).waitFor();
      await strip.getByRole("button", { name: "Pause" }).click();
      await strip.getByText(/Sweep paused/).waitFor();
      await strip.getByRole("button", { name: "Go on" }).click();
      await runs(page, 2);
      await strip.getByText("Sweep over: 2 of 2 runs.").waitFor({ timeout: LONG });
      const made = (await state(page)).runs;
      assert.deepEqual(made.map((record) => Number(record.recipe.sparsity)).sort(), [0.5, 0.9]);
    },
  ],
  [
    "a sweep can be cancelled; what was made stays",
    {},
    async (page) => {
      await ready(page);
      await settled(page);
      const dialog = await sweep(page, "50, 60, 70, 80", "1, 2, 3");
      await dialog.getByRole("button", { name: "Start" }).click();
      const strip = page.getByRole("region", { name: "Sweep" });
      await strip.getByRole("button", { name: "Cancel" }).click();
      await strip.getByText(/cancelled after/).waitFor();
      await settled(page);
      assert.ok((await state(page)).runs.length < 12);
      assert.equal((await state(page)).working, false);
    },
  ],
  [
    "runs, charts and the record can be taken away",
    {},
    async (page) => {
      await ready(page);
      await withoutTraining(page);
      await prune(page).click();
      await runs(page, 1);
      await settled(page);
      const csv = await saved(page, page.getByRole("button", { name: "Save CSV" }));
      assert.match(csv.name, /\.csv$/);
      assert.deepEqual([...csv.bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf], "spreadsheets need the mark to read µ");
      const [head, first] = csv.bytes.toString().trim().split("\n");
      assert.match(head, /Accuracy \(%\).*Dense \(ms\).*Stored \(bytes\)/);
      const columns = head.split(",");
      first.split(",").forEach((cell, i) => {
        // A run that does not train has no learning rate, and images have no characters.
        if (["Learning rate", "Bits per character"].includes(columns[i])) assert.equal(cell, "");
        else if (i > 0) assert.match(cell, /^-?\d+(\.\d+)?$/, columns[i]);
      });
      assert.equal(columns.length, 21);
      assert.equal(first.split(",").length, 21);
      const json = await saved(page, page.getByRole("button", { name: "Save JSON" }));
      assert.equal(JSON.parse(json.bytes.toString())[0].format, 1);
      const svg = await saved(page, page.getByRole("button", { name: "Save Accuracy against as SVG" }));
      assert.match(svg.bytes.toString(), /^<svg[^>]+xmlns/);
      assert.doesNotMatch(svg.bytes.toString(), /var\(--/);
      const png = await saved(page, page.getByRole("button", { name: "Save The network as PNG" }));
      assert.deepEqual([...png.bytes.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
      assert.ok(png.bytes.length > 4000, "the picture is not blank");
      await page.getByRole("tab", { name: "Record" }).click();
      const record = await saved(page, page.getByRole("button", { name: "Save JSON" }));
      assert.equal(JSON.parse(record.bytes.toString()).job, "run");
    },
  ],
  [
    "a click on a point of the chart shows its run",
    {},
    async (page) => {
      await ready(page);
      await withoutTraining(page);
      for (const sparsity of ["0.6", "0.95"]) {
        await slide(page, sparsity);
        await prune(page).click();
        await runs(page, sparsity === "0.6" ? 1 : 2);
        await settled(page);
      }
      const shown = async () => Number((await state(page)).record.recipe.sparsity);
      assert.equal(await shown(), 0.95);
      await page
        .locator("secateur-figure.pareto .point")
        .filter({ has: page.locator("title", { hasText: "60%" }) })
        .click();
      assert.equal(await shown(), 0.6);
    },
  ],
  [
    "charts have tables, costs can be chosen, the rest is told class by class and image by image",
    {},
    async (page) => {
      await ready(page);
      await withoutTraining(page);
      await prune(page).click();
      await runs(page, 1);
      await settled(page);
      for (const cost of ["Size", "Multiply-adds", "Sparsity", "Speed"]) {
        const toggle = page.getByRole("group", { name: "Compare accuracy with" }).getByRole("button", { name: cost });
        await toggle.click();
        assert.equal(await toggle.getAttribute("aria-pressed"), "true");
      }
      const network = page.getByRole("region", { name: "Network", exact: true });
      await network.getByRole("button", { name: "Table" }).click();
      const { record } = await state(page);
      assert.equal(await network.locator("tbody tr").count(), record.layers.length);
      await network.getByRole("button", { name: "Chart" }).click();
      await page.getByRole("tab", { name: "Classes" }).click();
      await page.getByRole("img", { name: /^Accuracy of each class/ }).waitFor();
      await page.getByRole("tab", { name: "Examples changed" }).click();
      assert.equal(await page.getByRole("img", { name: /^Test image/ }).count(), record.changed.length);
      await page.getByRole("heading", { name: "Kernels tried" }).waitFor();
    },
  ],
]);
