// What boxes understand, and what the page says where something does not work as it should.

import assert from "node:assert/strict";
import { test } from "node:test";
import { launch, open, prune, ready, runs, settled, state, suite, URL_UNDER_TEST, withoutTraining } from "./lib.mjs";

const verdict = (page) => page.getByRole("region", { name: "Verdict" });
const share = (page) => page.getByRole("textbox", { name: /in per cent$/ });

async function write(box, text) {
  await box.fill(text);
  await box.press("Enter");
}

suite(test, "numbers", [
  [
    "the sparsity's box takes comma and point, a sign and spaces, and shows how it understood them",
    {},
    async (page) => {
      await ready(page);
      for (const [text, shown, setting] of [
        ["92,5", "92.5", "0.925"],
        ["80 %", "80", "0.8"],
        ["70\u202f%", "70", "0.7"],
        ["66.65", "66.65", "0.6665"],
      ]) {
        await write(share(page), text);
        assert.equal(await share(page).inputValue(), shown);
        assert.equal((await state(page)).settings.sparsity, setting);
      }
    },
  ],
  [
    "what is no number is named and stays to be mended; an empty box is the default",
    {},
    async (page) => {
      await ready(page);
      const usual = (await state(page)).settings.sparsity;
      await write(share(page), "9o");
      await page.getByRole("alert").filter({ hasText: "9o" }).waitFor();
      assert.equal(await share(page).inputValue(), "9o");
      assert.equal(await prune(page).isDisabled(), true);
      await write(share(page), "");
      await page.getByRole("alert").waitFor({ state: "detached" });
      assert.equal((await state(page)).settings.sparsity, usual);
    },
  ],
  [
    "boxes of the axes understand the same",
    {},
    async (page) => {
      await ready(page);
      await page.getByText("All axes", { exact: true }).click();
      const seed = page.getByRole("textbox", { name: "Seed", exact: true });
      await write(seed, "1 000");
      assert.equal((await state(page)).settings.seed, "1000");
      assert.equal(await seed.inputValue(), "1000");
      await write(seed, "1,5");
      await page.getByRole("alert").filter({ hasText: "1,5" }).first().waitFor();
      await write(seed, "3");
      await page.getByRole("alert").first().waitFor({ state: "detached" });
      const rates = page.locator("fieldset.axis input[inputmode=decimal]");
      await rates.first().waitFor();
      const id = await rates.first().getAttribute("id");
      await write(page.locator(`#${id}`), "0,05");
      assert.equal(await page.locator(`#${id}`).inputValue(), "0.05");
    },
  ],
  [
    "the sweep says what it understood, and does not start on what it did not",
    {},
    async (page) => {
      await settled(page);
      await page.getByRole("button", { name: "Sweep…" }).click();
      const dialog = page.getByRole("dialog", { name: "Sweep" });
      const start = dialog.getByRole("button", { name: "Start" });
      const methods = dialog.getByRole("group", { name: "Methods" }).getByRole("checkbox");
      for (const box of await methods.all()) await box.uncheck();
      await methods.first().check();
      await dialog.getByRole("textbox", { name: "Sparsities in %" }).fill("92,5; 95");
      await dialog.getByRole("textbox", { name: "Seeds" }).fill("1.5, -1, abc");
      await dialog.getByText(/Not understood: “1\.5”, “abc”/).waitFor();
      assert.equal(await start.isDisabled(), true);
      await dialog.getByRole("textbox", { name: "Seeds" }).press("Enter");
      assert.equal(await dialog.isVisible(), true);
      await dialog.getByRole("textbox", { name: "Seeds" }).fill("1");
      await dialog.getByText(/^2 runs.*sparsity 92\.5%, 95%; seed 1/).waitFor();
      assert.equal(await start.isDisabled(), false);
    },
  ],
]);

suite(test, "copying", [
  [
    "Copy says that it copied",
    { permissions: ["clipboard-read", "clipboard-write"] },
    async (page) => {
      await settled(page);
      await page.getByRole("tab", { name: "Record" }).click();
      await page.getByRole("button", { name: "Copy", exact: true }).click();
      await verdict(page).getByText("The record was copied.").waitFor();
      assert.equal(JSON.parse(await page.evaluate(() => navigator.clipboard.readText())).format, 1);
    },
  ],
  ...[
    ["is refused", () => (navigator.clipboard.writeText = () => Promise.reject(new DOMException("no", "NotAllowedError")))],
    ["is not there, as on plain http", () => Object.defineProperty(Navigator.prototype, "clipboard", { value: undefined })],
    ["never answers", () => (navigator.clipboard.writeText = () => new Promise(() => {}))],
  ].map(([how, stub]) => [
    `a clipboard that ${how}: said, and the text is there to be copied by hand`,
    { before: (context) => context.addInitScript(stub) },
    async (page) => {
      await settled(page);
      await page.getByRole("tab", { name: "Record" }).click();
      await page.getByRole("button", { name: "Copy", exact: true }).click();
      await verdict(page).getByText(/did not let the page copy/).waitFor();
      const selected = await page.evaluate(() => String(document.querySelector("secateur-lab").shadowRoot.getSelection?.() ?? getSelection()));
      assert.match(selected, /"digest"/);
      await verdict(page).getByRole("button", { name: "Dismiss" }).click();
      await page.getByRole("button", { name: "Share" }).click();
      await verdict(page).getByText(/did not let the page copy.*http/).waitFor();
      assert.deepEqual(page.problems, []);
    },
  ]),
]);

test("a page whose scripts do not come", async (t) => {
  const browser = await launch();
  const waiting = /the page's scripts did not come/;
  await t.test("says so where the element would be, and what helps", async () => {
    const page = await browser.newPage();
    await page.route("**/js/main.js", (route) => route.fulfill({ status: 404 }));
    await page.goto(URL_UNDER_TEST);
    await page.getByText(waiting).waitFor();
    assert.match(await page.getByText(waiting).innerText(), /http\.server/);
  });
  await t.test("says the same where it is opened as a file", async () => {
    const page = await browser.newPage();
    await page.goto(new URL("../../index.html", import.meta.url).href);
    await page.getByText(waiting).waitFor();
  });
  await t.test("and nothing once they have come", async () => {
    const page = await open(browser);
    await ready(page);
    assert.equal(await page.getByText(waiting).isVisible(), false);
  });
  await t.test("a script from another host is told with what helps", async () => {
    const page = await browser.newPage();
    const there = new URL(URL_UNDER_TEST);
    const html = `<!doctype html><title>Host</title><script type="module" src="${there.href}js/main.js"></script><secateur-lab></secateur-lab>`;
    await page.route("http://elsewhere.test/**", (route) => route.fulfill({ contentType: "text/html", body: html }));
    await page.route("**/js/main.js", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, headers: { ...response.headers(), "access-control-allow-origin": "*" } });
    });
    await page.goto("http://elsewhere.test/");
    const told = page.locator(".sentence").filter({ hasText: /could not be started: its files lie at/ });
    await told.waitFor();
    assert.match(await told.innerText(), /Copy Secateur's folder to the host of this page/);
    assert.doesNotMatch(await told.innerText(), /[Rr]eload/);
  });
  await browser.close();
});

suite(test, "no data", [
  [
    "a class without test images has a dash and no mark, in kept runs too",
    {},
    async (page) => {
      await ready(page);
      await withoutTraining(page);
      await prune(page).click();
      await runs(page, 1);
      await settled(page);
      // As an engine before this one kept it: noughts.
      await page.evaluate(async () => {
        const answer = (request) => new Promise((go, no) => ((request.onsuccess = () => go(request.result)), (request.onerror = no)));
        const [{ name }] = await indexedDB.databases();
        const base = await answer(indexedDB.open(name));
        const store = base.transaction("runs", "readwrite").objectStore("runs");
        const [run] = await answer(store.getAll());
        Object.assign(run.record.classes[9], { n: 0, before: 0, after: 0 });
        await answer(store.put(run));
        base.close();
      });
      await page.reload();
      await runs(page, 1);
      await page.locator(".list .link").first().click();
      await page.getByRole("tab", { name: "Classes" }).click();
      const figure = page.locator("secateur-figure").filter({ hasText: "Accuracy by class" });
      await figure.getByText(/1 class without a test image/).waitFor();
      await figure.locator("svg circle").nth(8).waitFor();
      assert.equal(await figure.locator("svg circle").count(), 9);
      await figure.getByRole("button", { name: "Table" }).click();
      const cells = await figure.locator("tbody tr").nth(9).locator("td").allInnerTexts();
      assert.deepEqual(cells.slice(1), ["0", "–", "–", "–"]);
    },
  ],
]);
