// A network that reads text, and one of which each image runs a part: what is shown in place of pictures, classes and a cut.

import assert from "node:assert/strict";
import { test } from "node:test";
import { prune, ready, runs, settled, state, suite } from "./lib.mjs";

suite(test, "text", [
  [
    "a text is shown before a run, and what both networks write after it",
    { query: "?model=char-small&method=sparsegpt-24&calibration=16" },
    async (page) => {
      await ready(page);
      await page.getByText("Text that the network never saw.", { exact: false }).first().waitFor();
      assert.match(await page.locator(".passage").first().innerText(), /^knowing her to be the mother of a little girl/);
      await settled(page);
      const verdict = page.getByRole("region", { name: "Verdict" });
      assert.match(await verdict.innerText(), /^1\.74\s+bits per character, on 78,464 of them/);
      await prune(page).click();
      await runs(page, 1);
      const { record } = await state(page);
      assert.equal(record.text.bits_before.toFixed(2), "1.74");
      assert.ok(record.text.bits_after > 1.8 && record.text.bits_after < 4, String(record.text.bits_after));
      assert.match(await verdict.innerText(), /1\.74\s*→\s*\d\.\d\d\s+bits per character/);
      await page.getByRole("tab", { name: "Examples changed" }).click();
      await page.getByRole("heading", { name: "After the cut" }).waitFor();
      const [before, after] = await page.locator(".passages .passage").allInnerTexts();
      assert.ok(before.length > 250 && after.length > 250 && before.slice(0, 60) === after.slice(0, 60) && before !== after);
      await page.getByRole("tab", { name: "Classes" }).click();
      await page.getByText("Text has no classes", { exact: false }).waitFor();
      await page.getByRole("tab", { name: "Training" }).click();
    },
  ],
  [
    "a text is trained on, and guessing is among its characters",
    { query: "?model=char-small&sparsity=0.5&recovery.steps=2&training.batch=4" },
    async (page) => {
      await settled(page);
      await prune(page).click();
      await runs(page, 1);
      const { record } = await state(page);
      assert.equal(record.curve.length, 2);
      await page.getByText("guessing among 80 is 4.4", { exact: false }).first().waitFor();
    },
  ],
  [
    "where each image chooses its channels nothing is cut, and what images took is told",
    { query: "?method=fbs&recovery.steps=2&training.batch=16" },
    async (page) => {
      await settled(page);
      await page.getByText("Feature boosting cuts no weight", { exact: false }).first().waitFor();
      await prune(page).click();
      await runs(page, 1);
      const { record } = await state(page);
      const { images, macs, ms } = record.per_image;
      assert.equal(images, 256);
      assert.ok(macs.mean > 1e6 && macs.mean < 0.6 * record.macs.dense && ms.mean > 0, JSON.stringify(record.per_image));
      assert.equal(Math.round(macs.mean), record.macs.pruned);
      await page.getByText(/Each image runs \d+\.\d% of the multiply-adds/).first().waitFor();
      const row = page.getByRole("row", { name: /Feature boosting/ });
      assert.match(await row.first().innerText(), /\b0%/, "no share is cut, and none is gained");
    },
  ],
]);
