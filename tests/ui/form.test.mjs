// The form: derived from the catalog, held in the address.

import assert from "node:assert/strict";
import { test } from "node:test";
import { lab, LONG, open, prune, ready, runs, settled, slide, state, suite, withoutTraining } from "./lib.mjs";

const setting = (page, key, value) =>
  page.waitForFunction(([k, v]) => document.querySelector("secateur-lab").getState().settings[k] === v, [key, value]);

suite(test, "form", [
  [
    "methods are a list that can be searched",
    {},
    async (page) => {
      await ready(page);
      const before = (await state(page)).settings.method;
      await page.getByRole("button", { name: /^Method:/ }).click();
      const options = page.getByRole("listbox", { name: "Method" }).getByRole("option");
      const all = await options.count();
      assert.ok(all >= 5, `${all} methods`);
      await page.getByRole("combobox", { name: "Search method" }).fill("random");
      await page.waitForFunction(
        (n) => document.querySelector("secateur-lab").shadowRoot.querySelectorAll(".panel [role=option]").length < n,
        all,
      );
      await options.first().click();
      await page.waitForFunction(
        (old) => document.querySelector("secateur-lab").getState().settings.method !== old,
        before,
      );
      assert.match(await page.getByRole("button", { name: /^Method:/ }).innerText(), /random/i);
      await page.waitForFunction(() => location.search.includes("method="));
    },
  ],
  [
    "axes are behind a disclosure, and a change to one is said",
    {},
    async (page) => {
      await ready(page);
      await withoutTraining(page);
      await page.getByText(/Changed: recovery/).waitFor();
      await page.getByRole("button", { name: "Back to the method" }).click();
      await page.getByText(/Changed: recovery/).waitFor({ state: "detached" });
    },
  ],
  [
    "choices that cannot be combined are disabled with the reason",
    {},
    async (page) => {
      await ready(page);
      await page.getByText("All axes", { exact: true }).click();
      const pattern = page.getByRole("combobox", { name: "Pattern", exact: true });
      await pattern.locator("option:enabled").nth(1).waitFor({ state: "attached" });
      const values = await pattern
        .locator("option:enabled")
        .evaluateAll((options) => options.map((option) => option.value));
      let refused = 0;
      for (const value of values) {
        await pattern.selectOption(value);
        await setting(page, "pattern", value);
        // A pattern that rules out nothing is waited for in vain.
        const first = page.locator(".axis option:disabled").first();
        await first.waitFor({ state: "attached", timeout: 3000 }).catch(() => {});
        refused += await page.locator(".axis option:disabled").count();
        if (refused) break;
      }
      assert.ok(refused > 0, "some pattern rules out some other choice");
      await page
        .getByText(/not possible here/)
        .first()
        .click();
      assert.ok((await page.locator(".refused[open] li").first().innerText()).length > 15, "a reason in words");
    },
  ],
  [
    "the address holds the recipe and restores it",
    {},
    async (page, browser) => {
      await ready(page);
      await withoutTraining(page);
      await slide(page, 0.66);
      await page.waitForFunction(() => location.search.includes("sparsity=0.66"));
      const { settings } = await state(page);
      const query = await page.evaluate(() => location.search);
      const other = await open(browser, { query });
      await ready(other);
      await other.waitForFunction(
        (n) => Object.keys(document.querySelector("secateur-lab").getState().settings).length >= n,
        Object.keys(settings).length,
      );
      assert.deepEqual((await state(other)).settings, settings);
      await other.context().close();
    },
  ],
  [
    "Share copies a link to this recipe",
    { permissions: ["clipboard-read", "clipboard-write"] },
    async (page) => {
      await ready(page);
      await slide(page, 0.7);
      await page.getByRole("button", { name: "Share" }).click();
      await page.getByText(/link to this recipe/).waitFor();
      assert.match(await page.evaluate(() => navigator.clipboard.readText()), /sparsity=0\.7/);
    },
  ],
  [
    "a run carries its settings and gives them back",
    {},
    async (page) => {
      await ready(page);
      await withoutTraining(page);
      await slide(page, 0.6);
      await prune(page).click();
      await runs(page, 1);
      await settled(page);
      await slide(page, 0.8);
      await setting(page, "sparsity", "0.8");
      await page.getByRole("button", { name: /^Restore the settings/ }).click();
      await setting(page, "sparsity", "0.6");
    },
  ],
  [
    "another network is opened with its own images",
    {},
    async (page) => {
      await settled(page);
      const select = page.getByRole("combobox", { name: "Network and images" });
      const now = await select.inputValue();
      const others = await select.locator("option").evaluateAll((options) => options.map((option) => option.value));
      await select.selectOption(others.filter((value) => value !== now).at(-1));
      await page.waitForFunction(
        (old) => (document.querySelector("secateur-lab").getState().dense?.model ?? old) !== old,
        now,
        { timeout: LONG },
      );
      await settled(page);
      const { dense, settings } = await state(page);
      assert.notEqual(dense.model, now);
      assert.equal(dense.data, settings.data);
    },
  ],
  [
    "Reset returns to the defaults and keeps the runs",
    { query: "?sparsity=0.5" },
    async (page) => {
      await ready(page);
      await withoutTraining(page);
      await prune(page).click();
      await runs(page, 1);
      await settled(page);
      await page.getByRole("button", { name: "Reset" }).click();
      await page.waitForFunction(() => document.querySelector("secateur-lab").getState().settings.sparsity !== "0.5");
      assert.equal((await state(page)).runs.length, 1);
    },
  ],
  [
    "the element's own interface sets and reads the same",
    {},
    async (page) => {
      await ready(page);
      await lab(page).evaluate((element) => element.setState({ sparsity: "0.42" }, true));
      await setting(page, "sparsity", "0.42");
      await lab(page).evaluate((element) => element.setAttribute("sparsity", "0.43"));
      await setting(page, "sparsity", "0.43");
      await lab(page).evaluate((element) => void (element.sparsity = 0.44));
      await setting(page, "sparsity", "0.44");
      assert.equal(await lab(page).evaluate((element) => element.sparsity), "0.44");
      assert.equal(await page.locator("#sparsity").inputValue(), "0.44");
    },
  ],
]);
