// Axes on which few methods have anything: folded away until something is chosen, and what they do is told and drawn.

import assert from "node:assert/strict";
import { test } from "node:test";
import { prune, ready, runs, settled, state, suite } from "./lib.mjs";

const open = (page) => page.getByText("All axes", { exact: true }).click();
const more = (page) => page.getByText(/^More axes/);
const box = (page, name) => page.getByRole("combobox", { name, exact: true });

suite(test, "axes", [
  [
    "quiet axes are folded away, take part once something is chosen, and fold again",
    {},
    async (page) => {
      await ready(page);
      await open(page);
      await more(page).waitFor();
      assert.match(await more(page).innerText(), /penalty.*gate.*search.*solver/);
      assert.ok(!(await box(page, "Solver").isVisible()));
      await more(page).click();
      await box(page, "Solver").selectOption("least-squares");
      await page.getByText(/Changed: solver/).waitFor();
      await page.waitForFunction(() => location.search.includes("solver=least-squares"));
      // It has left those that are folded away.
      await page.waitForFunction(() => !/solver/.test([...document.querySelectorAll("summary")].map((s) => s.textContent).join(" ")));
      assert.ok(await page.getByText("Damping", { exact: true }).isVisible());
      await page.getByRole("button", { name: "Back to the method" }).click();
      await page.waitForFunction(() => !location.search.includes("solver="));
    },
  ],
  [
    "a target says why the share and the allocation are no choice, and what it found stays with the run",
    { query: "?model=mobilenet-small&target=1.5x&search.corrections=1&recovery=none" },
    async (page) => {
      await settled(page);
      await open(page);
      await page.getByText(/cuts what makes the network 1.5× faster here/).first().waitFor();
      await page.getByText("The search gives each layer its share.").waitFor();
      assert.ok(await box(page, "Allocation").isDisabled());
      await prune(page).click();
      await runs(page, 1);
      const { record } = await state(page);
      assert.ok(record.search.trials.length >= 1 && record.search.shares.includes(","), JSON.stringify(record.search));
      await page.getByText(/allocation=given allocation.shares=/).first().waitFor();
    },
  ],
  [
    "what a penalty presses is drawn, each quarter of its training",
    { query: "?model=mobilenet-small&method=slimming&penalty.steps=8&recovery.steps=4" },
    async (page) => {
      await settled(page);
      await prune(page).click();
      await runs(page, 1);
      const { record } = await state(page);
      assert.deepEqual(record.shown.map(({ step }) => step), [2, 4, 6, 8]);
      await page.getByRole("tab", { name: "Training" }).click();
      const figure = page.getByRole("img", { name: /Scales of batch norm/ });
      await figure.waitFor();
      assert.ok((await figure.locator("rect").count()) > 20);
      await page.getByText("step 8", { exact: true }).waitFor();
    },
  ],
]);
