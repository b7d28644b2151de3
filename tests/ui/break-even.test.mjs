// Break-even: measured here on one click, drawn as it comes, told in words, taken away as files.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AxeBuilder, lab, LONG, open, prune, ready, saved, settled, state, suite, withoutTraining } from "./lib.mjs";

const TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"];
const hash = "#break-even";
const place = (page, name) => page.getByRole("link", { name, exact: true });
const start = (page) => page.getByRole("button", { name: /^Measure (here|again)$/ });
const cancel = (page) => page.getByRole("button", { name: "Cancel", exact: true });
const text = ({ bytes }) => bytes.toString("latin1");
const charts = (page) => page.getByRole("img", { name: /times faster than dense/ });

async function axe(page, where) {
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  assert.deepEqual(
    violations.map((v) => `${where}: ${v.id} ${v.nodes[0]?.target.flat().join(" ")} ${v.nodes[0]?.failureSummary}`),
    [],
  );
}

/** The start button is free once the page has an engine. */
const able = (page) =>
  page.waitForFunction(
    () => {
      const main = document.querySelector("secateur-lab")?.shadowRoot?.querySelector(".act .main");
      return main && !main.disabled && main.textContent.trim().startsWith("Measure");
    },
    undefined,
    { timeout: 60_000, polling: 50 },
  );

async function measured(page) {
  await able(page);
  await start(page).click();
  await cancel(page).waitFor();
  await page.getByRole("button", { name: "Measure again" }).waitFor({ timeout: LONG });
}

suite(test, "break-even", [
  [
    "says what it is before anything is measured",
    { hash },
    async (page) => {
      await page.getByRole("heading", { level: 1, name: "Break-even" }).waitFor();
      await page.getByText(/sparsity begins to pay on this device/).waitFor();
      await page.getByRole("heading", { name: "What will be seen" }).waitFor();
      assert.equal(await place(page, "Break-even").getAttribute("aria-current"), "page");
      await settled(page);
      await axe(page, "opened");
      assert.deepEqual(page.problems, []);
    },
  ],
  [
    "measures on one click, point by point, and says where each layer breaks even",
    { hash },
    async (page) => {
      await able(page);
      await start(page).click();
      await page.getByRole("progressbar", { name: "Measurement" }).waitFor();
      await charts(page).first().waitFor({ timeout: LONG });
      const points = () => charts(page).first().locator("path title").count();
      await page.waitForFunction(
        () => document.querySelector("secateur-lab").shadowRoot.querySelectorAll(".multiples path title").length > 2,
        undefined,
        { timeout: LONG },
      );
      const early = await points();
      await page.getByRole("button", { name: "Measure again" }).waitFor({ timeout: LONG });
      assert.ok((await points()) >= early);
      const count = await charts(page).count();
      assert.ok(count >= 5, `${count} layers`);
      for (let i = 0; i < count; i++) {
        const said = await charts(page).nth(i).getAttribute("aria-label");
        assert.match(said, /pay from \d+%|never pay|× at \d+%/);
      }
      const short = page.getByRole("region", { name: "In short" });
      assert.match(await short.innerText(), /(from|by) \d+%|never/);
      const device = page.getByRole("region", { name: "This device" });
      assert.match(await device.innerText(), /SIMD peak\s+[\d.,]+ GFLOP\/s/);
      for (const fact of ["Relaxed SIMD", "Threads", "Timer step"]) await device.getByText(fact).waitFor();
      await page.getByRole("button", { name: "How is the break-even found?" }).click();
      await page.getByText(/bootstrap interval/).waitFor();
      await page.keyboard.press("Escape");
      assert.deepEqual(page.problems, []);
      // Kept while the page is open.
      await place(page, "Methods").click();
      await place(page, "Break-even").click();
      assert.equal(await charts(page).count(), count);
      await settled(page);
      await axe(page, "measured");
    },
  ],
  [
    "points and charts can be taken away, and read as tables",
    { hash, colorScheme: "dark" },
    async (page) => {
      await measured(page);
      await axe(page, "dark");
      const csv = await saved(page, page.getByRole("button", { name: "Save CSV", exact: true }));
      const [head, ...lines] = text(csv).trim().split("\n");
      assert.match(csv.name, /break-even\.csv$/);
      // Bytes, not letters: the mark of the encoding, and a µ in two of them.
      assert.match(head, /^\xef\xbb\xbfLayer,.*,Time \(\xc2\xb5s\),/);
      const json = await saved(page, page.getByRole("button", { name: "Save JSON", exact: true }));
      const survey = JSON.parse(text(json));
      assert.equal(survey.rows.length, lines.length);
      assert.ok(survey.peak_gflops > 0);
      for (const row of survey.rows) assert.ok(row.low <= row.ratio && row.ratio <= row.high, JSON.stringify(row));
      const svg = await saved(page, page.getByRole("button", { name: /as SVG$/ }).first());
      assert.match(text(svg), /^<svg[^>]+xmlns/);
      assert.doesNotMatch(text(svg), /var\(--|<!--/);
      const png = await saved(page, page.getByRole("button", { name: /as PNG$/ }).first());
      assert.ok(text(png).startsWith("\x89PNG") && text(png).length > 4000, "the picture is not blank");
      await page.getByRole("button", { name: "Table", exact: true }).first().click();
      const table = page.getByRole("region", { name: /, table$/ });
      assert.ok((await table.locator("tbody tr").count()) > 4);
      const hidden = await saved(page, page.getByRole("button", { name: /as SVG$/ }).first());
      assert.equal(text(hidden).match(/ width="(\d+)"/)[1], text(svg).match(/ width="(\d+)"/)[1], "of a chart unseen too");
    },
  ],
  [
    "Cancel is immediate; points so far are kept, and a whole survey is not lost to a cancelled one",
    { hash },
    async (page) => {
      await able(page);
      await start(page).click();
      await page.waitForFunction(
        () => document.querySelector("secateur-lab").shadowRoot.querySelectorAll(".multiples path title").length > 1,
        undefined,
        { timeout: LONG, polling: 20 },
      );
      const took = await lab(page).evaluate(async (element) => {
        const button = element.shadowRoot.querySelector(".act .main");
        const begun = performance.now();
        button.click();
        while (element.getState().working) await new Promise((go) => setTimeout(go, 1));
        return performance.now() - begun;
      });
      assert.ok(took < 100, `${took.toFixed(0)} ms`);
      await page.getByText(/Cancelled after \d+ points?/).waitFor();
      await measured(page);
      const at = await page.getByText(/Measured at/).innerText();
      await able(page);
      await start(page).click();
      await cancel(page).click();
      assert.equal(await page.getByText(/Measured at/).innerText(), at);
      await settled(page);
    },
  ],
  [
    "a run and a survey refuse one another in words",
    {},
    async (page) => {
      await ready(page);
      await withoutTraining(page);
      await page.getByText("All axes", { exact: true }).click();
      await settled(page);
      await place(page, "Break-even").click();
      await able(page);
      await start(page).click();
      await cancel(page).waitFor();
      const failure = await lab(page).evaluate((element) =>
        element.run().then(
          () => null,
          (why) => why,
        ),
      );
      assert.equal(failure?.kind, "busy");
      assert.match(failure.message, /break-even/i);
      await place(page, "Lab").click();
      await page.getByText(/being measured; Prune waits/).waitFor();
      assert.equal(await prune(page).isDisabled(), true);
      await page.getByRole("button", { name: "See it" }).click();
      await cancel(page).click();
      await settled(page);
      await lab(page).evaluate((element) => element.setState({}));
      await place(page, "Lab").click();
      await settled(page);
      await prune(page).click();
      await cancel(page).first().waitFor();
      await place(page, "Break-even").click();
      await page.getByText(/A run is under way, and two measurements/).waitFor();
      assert.equal(await start(page).isDisabled(), true);
      await page.getByRole("button", { name: "cancel it in the lab" }).click();
      await cancel(page).first().click();
      await settled(page);
      assert.equal((await state(page)).working, false);
    },
  ],
  [
    "needs no network: measured also where none could be opened",
    { hash, query: "?model=nonesuch" },
    async (page) => {
      await able(page);
      await start(page).click();
      await page.getByRole("progressbar", { name: "Measurement" }).waitFor();
      await cancel(page).click();
      await able(page);
    },
  ],
  [
    "a worker ended from outside is told of, and it can be measured again",
    { hash },
    async (page) => {
      await settled(page);
      await able(page);
      await start(page).click();
      await page.getByRole("progressbar", { name: "Measurement" }).waitFor();
      await page.workers()[0].evaluate(() => self.close());
      await page.getByRole("alert").filter({ hasText: /engine stopped/i }).waitFor();
      await able(page);
      await page.getByRole("button", { name: "Dismiss" }).click();
    },
  ],
  [
    "by keyboard, with nothing that moves",
    { hash, reducedMotion: "reduce" },
    async (page) => {
      await able(page);
      await page.evaluate(() => document.activeElement?.blur());
      for (let i = 0; i < 30; i++) {
        await page.keyboard.press("Tab");
        const text = await page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.textContent?.trim());
        if (text === "Measure here") break;
        assert.ok(i < 29, "Tab reaches the button");
      }
      await page.keyboard.press("Enter");
      await cancel(page).waitFor();
      const motion = await page.evaluate(() => {
        const all = [...document.querySelector("secateur-lab").shadowRoot.querySelectorAll(".survey *")];
        return all.filter((each) => getComputedStyle(each).transitionDuration !== "0s").length;
      });
      assert.equal(motion, 0);
      // The same button is Cancel now, and has the focus still.
      await page.keyboard.press("Enter");
      await able(page);
    },
  ],
  [
    "at 390 and 768 px nothing is wider than the page",
    { hash, width: 390, height: 844 },
    async (page, browser) => {
      await measured(page);
      const over = (on) => on.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok((await over(page)) <= 0);
      await settled(page);
      await axe(page, "390");
      const wider = await open(browser, { hash, width: 768, height: 1024 });
      await able(wider);
      assert.ok((await over(wider)) <= 0);
      await wider.context().close();
    },
  ],
]);
