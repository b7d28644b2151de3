// The page as a whole: accessible, self-contained, at home in any folder and at any width.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { test } from "node:test";
import {
  AxeBuilder,
  launch,
  open,
  prune,
  ready,
  runs,
  settled,
  slide,
  state,
  suite,
  URL_UNDER_TEST,
  withoutTraining,
} from "./lib.mjs";

const TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"];

async function axe(page, where) {
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  const told = violations.map(
    (v) =>
      `${where}: ${v.id} (${v.nodes.length}) ${v.nodes[0]?.target.flat().join(" ")} ${v.nodes[0]?.failureSummary ?? ""}`,
  );
  assert.deepEqual(told, []);
}

async function lookAround(page) {
  await settled(page);
  await axe(page, "opened");
  await page.getByText("All axes", { exact: true }).click();
  await axe(page, "axes open");
  await withoutTraining(page);
  await prune(page).click();
  await axe(page, "working");
  await runs(page, 1);
  await settled(page);
  await axe(page, "after a run");
  await page.getByRole("button", { name: "Save…" }).click();
  await axe(page, "what it can be saved as");
  await page.keyboard.press("Escape");
  for (const tab of ["Training", "Examples changed", "Classes", "Record"]) {
    await page.getByRole("tab", { name: tab }).click();
    await axe(page, tab);
  }
  await page.getByRole("button", { name: /^Method:/ }).click();
  await axe(page, "method list");
  await page.keyboard.press("Escape");
  await page.getByRole("tab", { name: "Compare" }).click();
  await page.getByRole("button", { name: "Sweep…" }).click();
  await axe(page, "sweep dialog");
  await page.keyboard.press("Escape");
  for (const place of ["Methods", "Break-even", "About"]) {
    await page.getByRole("link", { name: place, exact: true }).click();
    await page.getByRole("heading", { level: 1, name: place }).waitFor();
    await axe(page, place);
  }
}

suite(test, "page", [
  ["axe finds nothing, in the light", { colorScheme: "light" }, lookAround],
  ["axe finds nothing, in the dark", { colorScheme: "dark" }, lookAround],
  [
    "axe finds nothing at 390",
    { width: 390, height: 844 },
    async (page) => (await settled(page), await axe(page, "390")),
  ],
  [
    "axe finds nothing in an error",
    { query: "?sparsty=1&sparsity=2" },
    async (page) => (await ready(page), await axe(page, "error")),
  ],
  [
    "no request leaves the page's own folder",
    {},
    async (page) => {
      await ready(page);
      await prune(page).click();
      await page.waitForTimeout(1500);
      await page.getByRole("link", { name: "About", exact: true }).click();
      await page.waitForTimeout(300);
      const foreign = page.requests.filter(
        (url) => !url.startsWith(URL_UNDER_TEST) && !url.startsWith("data:") && !url.startsWith("blob:"),
      );
      assert.deepEqual(foreign, []);
    },
  ],
  [
    "training images are fetched ahead once all is at rest, so that a run needs no network",
    {},
    async (page) => {
      await settled(page);
      const asked = () => page.requests.filter((url) => /train-images/.test(url)).length;
      assert.equal(asked(), 0, "not before the network is measured");
      await page.waitForResponse(/train-labels/, { timeout: 30_000 });
      await page.waitForTimeout(1500);
      await page.context().setOffline(true);
      await prune(page).click();
      await page.getByRole("img", { name: /^Loss against/ }).first().waitFor({ timeout: 120_000 });
      assert.equal(asked(), 1);
    },
  ],
  [
    "nothing is fetched ahead for who saves data",
    { before: (context) => context.addInitScript(() => Object.defineProperty(navigator, "connection", { value: { saveData: true } })) },
    async (page) => {
      await settled(page);
      await page.waitForTimeout(3000);
      assert.equal(page.requests.filter((url) => /train-/.test(url)).length, 0);
    },
  ],
  [
    "the policy allows no script but the page's own and wasm",
    {},
    async (page) => {
      const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute("content");
      const scripts = policy
        .split(";")
        .map((part) => part.trim())
        .find((part) => part.startsWith("script-src"));
      assert.equal(scripts, "script-src 'self' 'wasm-unsafe-eval'");
      assert.match(policy, /default-src 'self'/);
      await settled(page);
      assert.deepEqual(page.problems, [], "nothing was refused");
    },
  ],
  [
    "places have addresses of their own",
    { hash: "#methods" },
    async (page) => {
      await page.getByRole("heading", { level: 1, name: "Methods" }).waitFor();
      const first = page.locator(".families a").first();
      const name = await first.innerText();
      await first.click();
      await page.getByRole("heading", { level: 1, name }).waitFor();
      assert.match(page.url(), /#methods\/./);
      await page.getByRole("heading", { name: "Coordinates" }).waitFor();
      await page.goBack();
      await page.getByRole("heading", { level: 1, name: "Methods" }).waitFor();
      await page.goForward();
      await page.getByRole("button", { name: "Run it" }).click();
      await page.getByRole("region", { name: "Verdict" }).waitFor();
      await page.getByRole("button", { name: "Cancel", exact: true }).first().waitFor();
    },
  ],
  [
    "the light can be chosen and is remembered",
    {},
    async (page) => {
      await ready(page);
      const paper = () => page.evaluate(() => getComputedStyle(document.querySelector("secateur-lab")).backgroundColor);
      assert.equal(await paper(), "rgb(251, 250, 247)");
      await page.getByRole("button", { name: /^Light: auto/ }).click();
      await page.getByRole("button", { name: /^Light: light/ }).click();
      assert.equal(await paper(), "rgb(20, 22, 26)");
      await page.reload();
      await ready(page);
      assert.equal(await paper(), "rgb(20, 22, 26)");
    },
  ],
  [
    "the slider and Prune stay in reach on a phone",
    { width: 390, height: 844 },
    async (page) => {
      await settled(page);
      for (const at of [0, 700, 1500]) {
        await page.evaluate((y) => scrollTo(0, y), at);
        for (const what of [prune(page), page.locator("#sparsity")]) {
          const box = await what.boundingBox();
          assert.ok(box.y >= 0 && box.y + box.height <= 844, `in view when scrolled to ${at}`);
        }
      }
      const size = await prune(page).boundingBox();
      assert.ok(size.height >= 32);
    },
  ],
]);

test("widths", async (t) => {
  const browser = await launch();
  const folder = process.env.SECATEUR_SHOTS;
  if (folder) await mkdir(folder, { recursive: true });
  for (const [width, height] of [
    [1440, 1000],
    [768, 1024],
    [390, 844],
  ]) {
    for (const colorScheme of ["light", "dark"]) {
      await t.test(`${width} px, ${colorScheme}: nothing wider than the page, nothing jumps`, async () => {
        const page = await open(browser, { width, height, colorScheme });
        const shot = async (name) =>
          folder && page.screenshot({ path: `${folder}/${width}-${colorScheme}-${name}.png` });
        const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        const tops = () =>
          page.evaluate(() =>
            ["section.method", ".middle", ".lower"].map((each) =>
              Math.round(
                document.querySelector("secateur-lab").shadowRoot.querySelector(each).getBoundingClientRect().top +
                  scrollY,
              ),
            ),
          );
        await settled(page);
        assert.ok((await overflow()) <= 0);
        await shot("open");
        const before = await tops();
        await slide(page, 0.8);
        await page.waitForTimeout(200);
        assert.deepEqual(await tops(), before, "the slider moves nothing");
        await withoutTraining(page);
        await page.getByText("All axes", { exact: true }).click();
        await prune(page).click();
        await runs(page, 1);
        await settled(page);
        assert.ok((await overflow()) <= 0);
        assert.ok((await state(page)).record);
        await shot("result");
        for (const name of ["Training", "Examples changed", "Classes", "Record"]) {
          await page.getByRole("tab", { name }).click();
          assert.ok((await overflow()) <= 0, name);
        }
        for (const place of ["Methods", "Break-even", "About"]) {
          await page.getByRole("link", { name: place, exact: true }).click();
          await page.getByRole("heading", { level: 1, name: place }).waitFor();
          assert.ok((await overflow()) <= 0, place);
        }
        await page.context().close();
      });
    }
  }
  await browser.close();
});
