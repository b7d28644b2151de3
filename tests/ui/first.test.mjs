// A stranger's first minute: the page opens on a network, one click gives a verdict.

import assert from "node:assert/strict";
import { test } from "node:test";
import { lab, LONG, prune, ready, runs, settled, slide, state, suite } from "./lib.mjs";

/** What kind of request brought an engine's second file, in turn. */
const brought = [];

suite(test, "first minute", [
  [
    "the engine's second file comes once the network is measured, and nothing waits for it",
    {
      query: "",
      before: (context) =>
        context.on("request", (request) => {
          if (request.url().endsWith("secateur_rest.wasm")) brought.push(request.resourceType());
        }),
    },
    async (page) => {
      await settled(page);
      assert.ok((await state(page)).dense.speed.dense_ms > 0);
      assert.deepEqual(brought, ["fetch"]);
      await prune(page).click();
      await runs(page, 1);
      assert.deepEqual(brought, ["fetch"], "one file, fetched once");
    },
  ],
  [
    "opens on a trained network and measures it without being asked",
    { query: "" },
    async (page) => {
      await settled(page);
      const { dense, record } = await state(page);
      assert.equal(record, undefined);
      assert.equal(dense.job, "baseline");
      assert.ok(dense.accuracy.n >= 2000, "at least 2,000 test images");
      assert.equal(dense.accuracy.before, dense.accuracy.after);
      assert.ok(dense.speed.dense_ms > 0);
      await page.getByText(/accuracy on [\d,]+ images/).waitFor();
      await page.getByText(/a forward pass here/).waitFor();
      assert.deepEqual(page.problems, []);
    },
  ],
  [
    "one click gives a verdict that loses little, with training seen on the way",
    { query: "" },
    async (page) => {
      await ready(page);
      await lab(page).evaluate((element) => {
        window.seen = [];
        for (const name of ["progress", "result", "error"])
          element.addEventListener(name, (event) => window.seen.push([name, event.detail]));
      });
      await prune(page).click();
      await page.getByRole("button", { name: "Cancel", exact: true }).waitFor();
      await page
        .getByRole("img", { name: /^Loss against/ })
        .first()
        .waitFor({ timeout: LONG });
      await runs(page, 1);
      const { record } = await state(page);
      const seen = await page.evaluate(() => window.seen);
      assert.equal(seen.filter(([name]) => name === "error").length, 0);
      assert.equal(seen.filter(([name]) => name === "result").length, 1);
      assert.ok(seen.some(([name, detail]) => name === "progress" && detail.fraction > 0 && detail.fraction <= 1));
      for (const key of [
        "model",
        "data",
        "recipe",
        "seed",
        "accuracy",
        "size",
        "macs",
        "speed",
        "layers",
        "environment",
        "digest",
        "verdict",
      ]) {
        assert.ok(key in record, `the record has ${key}`);
      }
      assert.ok(record.size.nonzero < record.size.parameters);
      // What a visitor sees first was chosen so: the same bits everywhere, so the same answers.
      assert.ok(record.accuracy.before - record.accuracy.after < 0.01, `${record.accuracy.before} to ${record.accuracy.after}`);
      assert.ok(record.size.bytes_dense > 8 * record.size.bytes_stored);
      assert.ok(record.speed.low <= record.speed.ratio && record.speed.ratio <= record.speed.high);
      assert.ok(record.accuracy.low <= record.accuracy.after && record.accuracy.after <= record.accuracy.high);
      const verdict = page.getByRole("region", { name: "Verdict" });
      await verdict.getByText(record.verdict.slice(0, 30)).waitFor();
      assert.match(await verdict.innerText(), /faster here|slower here/i);
      assert.match(await verdict.innerText(), /smaller|larger/i);
      assert.deepEqual(page.problems, []);
    },
  ],
  [
    "moving the slider previews the cut at once",
    {},
    async (page) => {
      await settled(page);
      const kept = async () =>
        Number((await page.getByText(/Would keep/).innerText()).match(/keep ([\d,]+)/)[1].replace(/,/g, ""));
      await slide(page, 0.5);
      await page.waitForFunction(() => document.querySelector("secateur-lab").getState().settings.sparsity === "0.5");
      await page.waitForTimeout(300);
      const half = await kept();
      await slide(page, 0.95);
      await page.waitForTimeout(300);
      const few = await kept();
      assert.ok(few < half / 3, `${few} kept at 95%, ${half} at 50%`);
      const { runs: made, working } = await state(page);
      assert.equal(made.length, 0);
      assert.equal(working, false);
    },
  ],
  [
    "every figure answers how it was found",
    {},
    async (page) => {
      await settled(page);
      await page.getByRole("button", { name: "How is the accuracy found?" }).click();
      await page.getByText(/Wilson, 95%/).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "How is the speed found?" }).click();
      await page.getByText(/timer step/).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "How is the size found?" }).click();
      await page.getByText(/Lengths of files that Save writes/).waitFor();
    },
  ],
]);
