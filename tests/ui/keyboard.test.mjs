// By keyboard alone: from the top of the page to a verdict, and through the layers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { open, ready, runs, settled, state, suite, withoutTraining } from "./lib.mjs";

/** Presses Tab until what has the focus is named so. */
async function tabTo(page, name, most = 80) {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const at = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
      return `${at?.getAttribute("aria-label") ?? ""} ${at?.id ?? ""} ${at?.textContent?.trim().slice(0, 60) ?? ""}`;
    });
    if (name.test(focused)) return;
  }
  assert.fail(`Tab never reaches ${name}`);
}

suite(test, "keyboard", [
  [
    "chooses a method, moves the slider, prunes",
    {},
    async (page) => {
      await ready(page);
      await withoutTraining(page);
      await page.getByText("All axes", { exact: true }).click();
      await page.evaluate(() => document.activeElement?.blur());
      await tabTo(page, /^Method:/);
      const before = (await state(page)).settings.method;
      await page.keyboard.press("Enter");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.waitForFunction(
        (old) => document.querySelector("secateur-lab").getState().settings.method !== old,
        before,
      );
      await tabTo(page, / sparsity /);
      const sparsity = Number((await state(page)).settings.sparsity);
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowLeft");
      await page.waitForFunction(
        (old) => Number(document.querySelector("secateur-lab").getState().settings.sparsity) < old,
        sparsity,
      );
      await tabTo(page, /^\s*Prune$/);
      await page.keyboard.press("Enter");
      await runs(page, 1);
    },
  ],
  [
    "arrow keys walk through the layers",
    {},
    async (page) => {
      await settled(page);
      const layers = page.getByRole("listbox", { name: /^Layers/ });
      await layers.focus();
      await page.keyboard.press("Home");
      const first = await layers.getByRole("option", { selected: true }).getAttribute("aria-label");
      await page.keyboard.press("ArrowRight");
      const second = await layers.getByRole("option", { selected: true }).getAttribute("aria-label");
      assert.notEqual(first, second);
      await page.getByRole("region", { name: `Layer ${second.split(":")[0]}` }).waitFor();
      await page.keyboard.press("End");
      const last = await layers.getByRole("option").last().getAttribute("aria-selected");
      assert.equal(last, "true");
    },
  ],
  [
    "tabs move by arrows, popovers and dialogs close with Escape",
    {},
    async (page) => {
      await settled(page);
      await page.getByRole("tab", { name: "Compare" }).focus();
      await page.keyboard.press("ArrowRight");
      assert.equal(await page.getByRole("tab", { name: "Training" }).getAttribute("aria-selected"), "true");
      await page.keyboard.press("Home");
      await page.getByRole("button", { name: "Sweep…" }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("dialog", { name: "Sweep" }).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog", { name: "Sweep" }).waitFor({ state: "hidden" });
    },
  ],
  [
    "what has the focus can be seen",
    {},
    async (page, browser) => {
      await ready(page);
      for (let i = 0; i < 12; i++) {
        await page.keyboard.press("Tab");
        const ring = await page.evaluate(() => {
          const at = document.activeElement?.shadowRoot?.activeElement;
          return at ? getComputedStyle(at).outlineStyle : "solid";
        });
        assert.equal(ring, "solid");
      }
      const still = await open(browser, { reducedMotion: "reduce" });
      await ready(still);
      const motion = await still.evaluate(() => {
        const rows = [...document.querySelector("secateur-lab").shadowRoot.querySelectorAll("*")];
        return rows.filter((each) => getComputedStyle(each).transitionDuration !== "0s").length;
      });
      assert.equal(motion, 0, "nothing moves under reduced motion");
      await still.context().close();
    },
  ],
]);
