// For those who do not see the page, or not as it was drawn: focus, words said aloud, high contrast, zoom, fingers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { oneRun, prune, runs, settled, suite } from "./lib.mjs";

/** What has the focus, in words. */
const focused = (page) =>
  page.evaluate(() => {
    const at = document.querySelector("secateur-lab").shadowRoot.activeElement;
    return at ? `${at.localName} ${at.getAttribute("aria-label") ?? at.textContent.trim()}` : "nothing";
  });

const inside = (page, act) => page.evaluate(act);

suite(test, "access", [
  [
    "Prune becomes Cancel and back under the same focus",
    { query: "?recovery.steps=2000" },
    async (page) => {
      await settled(page);
      await prune(page).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Cancel", exact: true }).waitFor();
      assert.equal(await focused(page), "button Cancel");
      await page.keyboard.press("Enter");
      await prune(page).waitFor();
      assert.equal(await focused(page), "button Prune");
      await settled(page);
      assert.equal(await focused(page), "button Prune");
    },
  ],
  [
    "a double click on Prune does not cancel",
    { query: "?recovery.steps=2000" },
    async (page) => {
      await settled(page);
      await prune(page).dblclick();
      await page.waitForTimeout(300);
      await page.getByRole("button", { name: "Cancel", exact: true }).waitFor();
    },
  ],
  [
    "Escape leaves the list of methods for its button; Dismiss and Remove leave the focus on the page",
    {},
    async (page) => {
      await oneRun(page);
      await page.getByRole("button", { name: /^Method:/ }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("combobox", { name: "Search method" }).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("combobox", { name: "Search method" }).waitFor({ state: "hidden" });
      await page.waitForFunction(() =>
        document.querySelector("secateur-lab").shadowRoot.activeElement?.getAttribute("aria-label")?.startsWith("Method:"),
      );
      await page.getByRole("button", { name: /^Remove Own|^Remove / }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Undo" }).waitFor();
      assert.notEqual(await focused(page), "nothing");
      await page.getByRole("button", { name: "Undo" }).focus();
      await page.keyboard.press("Enter");
      await runs(page, 1);
      assert.notEqual(await focused(page), "nothing");
      await page.reload();
      await runs(page, 1);
    },
  ],
  [
    "phases are said aloud, and the title says how far a run is",
    { query: "?recovery.steps=400" },
    async (page) => {
      await settled(page);
      const title = await page.title();
      await inside(page, () => {
        window.said = new Set();
        const status = document.querySelector("secateur-lab").shadowRoot.querySelector("p.visually-hidden[role=status]");
        new MutationObserver(() => window.said.add(status.textContent.trim())).observe(status, {
          characterData: true,
          childList: true,
          subtree: true,
        });
      });
      await prune(page).click();
      await page.waitForFunction(() => /^Pruning, \d+%/.test(document.title));
      await page.waitForFunction(() => [...window.said].some((text) => /^Train.*part \d of \d/.test(text)));
      await page.getByRole("button", { name: "Cancel", exact: true }).click();
      await page.waitForFunction((title) => document.title === title, title);
      for (const place of ["Methods", "Break-even", "About"]) {
        await page.getByRole("link", { name: place, exact: true }).click();
        await page.waitForFunction((place) => document.title.startsWith(place), place);
      }
    },
  ],
  [
    "in high contrast what carries a meaning keeps two colours",
    { forcedColors: "active" },
    async (page) => {
      await oneRun(page);
      const mask = await page.locator("secateur-mask canvas").evaluate((canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return new Set(Array.from({ length: data.length / 4 }, (_, i) => data.slice(4 * i, 4 * i + 3).join())).size;
      });
      assert.equal(mask, 2, "the mask shows what is kept");
      const looks = (selector) =>
        page.locator(selector).first().evaluate((element) => {
          const { backgroundColor, backgroundImage } = getComputedStyle(element);
          return `${backgroundColor} ${backgroundImage}`;
        });
      const paper = await page.evaluate(() => getComputedStyle(document.querySelector("secateur-lab")).backgroundColor);
      for (const selector of [".key.kept", ".key.cut", ".kernels .bar i", ".timeline li.over i", ".sym.dot"])
        assert.notEqual(await looks(selector), `${paper} none`, `${selector} is seen`);
      assert.notEqual(await looks(".kernels .picked .bar i"), await looks(".kernels tr:not(.picked) .bar i"));
    },
  ],
  [
    "at 400% of zoom all places fit, and nothing stands over most of the window",
    { width: 320, height: 256 },
    async (page) => {
      await oneRun(page);
      const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
      assert.equal(await fits(), true);
      const stands = await page.locator(".go").evaluate((go) => (getComputedStyle(go).position === "fixed" ? go.offsetHeight : 0));
      assert.ok(stands < 256 / 4, `${stands} of 256 px`);
      for (const name of ["Training", "Examples changed", "Classes", "Record"]) {
        await page.getByRole("tab", { name }).click();
        assert.equal(await fits(), true, name);
      }
      for (const place of ["Methods", "Break-even", "About"]) {
        await page.getByRole("link", { name: place, exact: true }).click();
        await page.getByRole("heading", { level: 1, name: place }).waitFor();
        assert.equal(await fits(), true, place);
      }
    },
  ],
  [
    "what is pressed by finger is 44 px high",
    { width: 390, height: 844, hasTouch: true, isMobile: true },
    async (page) => {
      await oneRun(page);
      const small = await inside(page, () =>
        [...document.querySelector("secateur-lab").shadowRoot.querySelectorAll("button, nav a, select, input, summary")]
          .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 44)
          .map((each) => `${each.localName} ${each.getAttribute("aria-label") ?? each.textContent.trim()}`),
      );
      assert.deepEqual(small, []);
    },
  ],
]);
