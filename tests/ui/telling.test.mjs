// What the page tells a stranger: pictures before a run, whole sentences, totals, words explained, and what it keeps in view.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inWorker, lab, oneRun, prune, ready, runs, settled, slide, state, suite } from "./lib.mjs";

const verdict = (page) => page.getByRole("region", { name: "Verdict" });

/** Elements whose text is wider or higher than they are, where it is cut off. */
const cutOff = (page, selector) =>
  page.locator(selector).evaluateAll((elements) =>
    elements
      .filter((each) => each.checkVisibility() && getComputedStyle(each).overflow !== "visible")
      .filter((each) => each.scrollWidth > each.clientWidth + 1 || each.scrollHeight > each.clientHeight + 1)
      .map((each) => each.textContent.trim()),
  );

const widths = [1440, 768, 390].map((width) => [
  `no label of the timeline and no note of the verdict is cut off at ${width} px`,
  { width, height: 1000 },
  async (page) => {
    await oneRun(page);
    await page.getByRole("button", { name: "Reset" }).click();
    assert.deepEqual(await cutOff(page, ".timeline li, .timeline li span, .sentence, .sentence p, .sentence span"), []);
    await page.locator(".list .link").first().click();
    const { record } = await state(page);
    for (const note of record.notes) await verdict(page).getByText(note.slice(0, 40)).waitFor();
    assert.deepEqual(await cutOff(page, ".sentence, .sentence p, .sentence span"), []);
  },
]);

suite(test, "telling", [
  ...widths,
  [
    "a long schedule names its phases in a list",
    { query: "?schedule=iterative" },
    async (page) => {
      await ready(page);
      const { settings } = await state(page);
      assert.equal(settings.schedule, "iterative");
      const list = page.locator(".timeline details");
      if (await list.count()) {
        await list.locator("summary").click();
        assert.ok((await list.locator("li").count()) > 14);
      } else assert.ok((await page.locator(".timeline li .what:visible").count()) > 0);
    },
  ],
  [
    "before a run: what pruning is for, and the images that the network is asked about",
    {},
    async (page) => {
      await settled(page);
      await verdict(page).getByText(/weights of a network can go with little harm/).waitFor();
      const images = page.getByRole("list", { name: "Test images" });
      assert.equal(await images.getByRole("img").count(), 12);
      await page.getByText(/It names each: .* or /).waitFor();
      const drawn = await images.locator("canvas").evaluateAll(
        (all) => all.filter((canvas) => canvas.getContext("2d").getImageData(0, 0, 28, 28).data.some((byte, i) => i % 4 < 3 && byte)).length,
      );
      assert.equal(drawn, 12);
      await verdict(page).getByText(/95% interval/).waitFor();
    },
  ],
  [
    "words are explained where they stand",
    {},
    async (page) => {
      await settled(page);
      for (const [word, says] of [
        ["Recipe", /All that decides what is cut/],
        ["Mask", /Which of the layer's weights/],
        ["Kernels tried", /A kernel is a program/],
      ]) {
        await page.getByRole("button", { name: word, exact: true }).click();
        await page.getByText(says).waitFor();
        await page.keyboard.press("Escape");
      }
    },
  ],
  [
    "weights are counted in one way before and after",
    {},
    async (page) => {
      await ready(page);
      const [, kept, total] = (await page.getByText(/Would keep/).innerText()).match(/keep ([\d,]+) of ([\d,]+)/);
      await oneRun(page);
      await verdict(page).getByText(`${kept} of ${total} weights left`).waitFor();
    },
  ],
  [
    "examples: totals of all, and of those shown no more is claimed",
    {},
    async (page) => {
      await ready(page);
      await slide(page, 0.97);
      await oneRun(page);
      const { record } = await state(page);
      assert.ok(record.changed_total > record.changed.length, "more changed than are shown");
      await page.getByRole("tab", { name: "Examples changed" }).click();
      const fewer = Math.round((record.accuracy.before - record.accuracy.after) * record.accuracy.n);
      await page.getByText(new RegExp(`${fewer.toLocaleString("en")} fewer of them rightly`)).waitFor();
      const lost = page.getByRole("heading", { name: /^Lost:/ });
      assert.match(await lost.innerText(), record.changed_counts ? /\d/ : /of those shown/);
    },
  ],
  [
    "at its end a run's timeline stays done and its held-out points stay drawn",
    { query: "?recovery.steps=60" },
    async (page) => {
      await settled(page);
      await prune(page).click();
      await runs(page, 1);
      await settled(page);
      assert.equal(await page.locator(".timeline li:not(.over)").count(), 0);
      const diamonds = page.locator(".middle secateur-figure").filter({ hasText: "diamonds: held out" });
      await diamonds.waitFor();
      await page.reload();
      await runs(page, 1);
      await page.locator(".list .link").first().click();
      await diamonds.waitFor();
      await slide(page, 0.5);
      await page.locator(".timeline li:not(.over)").first().waitFor();
    },
  ],
  [
    "methods are found by initials and by what they are made of, in both places",
    { hash: "#methods" },
    async (page) => {
      const find = page.getByRole("searchbox", { name: "Find a method" });
      const names = () => page.locator(".families a").allInnerTexts();
      await find.waitFor();
      const all = (await names()).length;
      for (const query of ["obd", "n:m", "lottery-ticket", "snip"]) {
        await find.fill(query);
        await page.waitForFunction(
          (all) => document.querySelector("secateur-lab").shadowRoot.querySelectorAll(".families a").length < all,
          all,
        );
        assert.ok((await names()).length > 0, query);
      }
      await find.fill("no such thing");
      await page.getByText("0 methods").waitFor();
      await page.getByRole("link", { name: "Lab", exact: true }).click();
      await page.getByRole("button", { name: /^Method:/ }).click();
      await page.getByRole("combobox", { name: "Search method" }).fill("obd");
      await page.getByRole("listbox", { name: "Method" }).getByRole("option").first().waitFor();
    },
  ],
  [
    "images that a network does not take: told, and mended with one press",
    { query: "?data=mnist&recovery=none" },
    async (page) => {
      const removes = page.getByRole("button", { name: "Remove data" }).first();
      await removes.waitFor();
      // Whatever the page would do by itself with such images, it has done by now.
      await page.waitForTimeout(2000);
      const dismiss = verdict(page).getByRole("button", { name: "Dismiss" });
      assert.equal(await dismiss.count(), 0, "it is told once");
      await removes.click();
      await settled(page);
      assert.equal((await state(page)).dense.data, "fashion-mnist");
      assert.equal(await dismiss.count(), 0);
    },
  ],
  [
    "a control that the recipe leaves no choice about is locked and says why; a warning stands beside the preview",
    {
      before: inWorker(`
const post = self.postMessage.bind(self);
self.postMessage = (message, ...rest) => {
  const check = message?.value?.check;
  if (check?.settings.pattern === "n:m") {
    Object.assign(check, { fixed: { sparsity: "2:4 always cuts 50%" }, warnings: ["Layers of odd width stay dense."] });
    check.settings.sparsity = "0.5";
  }
  post(message, ...rest);
};`),
    },
    async (page) => {
      await settled(page);
      await slide(page, 0.8);
      await lab(page).evaluate((element) => element.setState({ pattern: "n:m", allocation: "layer" }, true));
      await page.getByText("2:4 always cuts 50%.").first().waitFor();
      const box = page.getByRole("textbox", { name: /in per cent$/ });
      assert.equal(await box.isDisabled(), true);
      assert.equal(await box.inputValue(), "50");
      assert.equal(await page.locator("#sparsity").isDisabled(), true);
      await page.getByText(/Would keep/).waitFor();
      await page.getByText("Layers of odd width stay dense.").waitFor();
      await lab(page).evaluate((element) => element.setState({ pattern: undefined, allocation: undefined }, true));
      await page.waitForFunction(() => !document.querySelector("secateur-lab").shadowRoot.querySelector("#sparsity").disabled);
      assert.equal(await box.inputValue(), "80");
    },
  ],
]);
