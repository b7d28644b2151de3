// What a host page and an address may say to the element, and where they may put it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { lab, launch, prune, ready, state, suite, visit } from "./lib.mjs";

const runnable = (page) => page.waitForFunction(() => document.querySelector("secateur-lab").getState?.().engine === "ready");
const value = (page, key) => lab(page).evaluate((element, key) => element[key], key);

test("attributes and properties", async (t) => {
  const browser = await launch();
  const on = (title, body, act) =>
    t.test(title, async () => {
      const page = await visit(browser, body);
      try {
        await runnable(page);
        await act(page);
      } finally {
        await page.context().close();
      }
    });

  await on(
    "what frameworks put on an element is no setting",
    `<secateur-lab _ngcontent-x1 ng-version="17" v-cloak translate="no" nonce="abc" exportparts="a" inert mode="dark"
      sparsity="0.7"></secateur-lab>`,
    async (page) => {
      await lab(page).evaluate((element) => element.removeAttribute("inert"));
      await lab(page).evaluate((element) => element.setAttribute("_nghost-x2", ""));
      await page.waitForTimeout(200);
      assert.equal(await page.getByRole("alert").count(), 0);
      assert.equal(await prune(page).isEnabled(), true);
      const { settings } = await state(page);
      assert.equal(settings.sparsity, "0.7");
      assert.deepEqual(
        Object.keys(settings).filter((key) => /^_ng|^ng|nonce|inert|mode$|translate/.test(key)),
        [],
      );
    },
  );

  await on("a setting misspelt is told, and its removal heard", `<secateur-lab sparsty="0.7"></secateur-lab>`, async (page) => {
    await page.getByRole("alert").filter({ hasText: "sparsty" }).waitFor();
    await lab(page).evaluate((element) => element.removeAttribute("sparsty"));
    await page.getByRole("alert").waitFor({ state: "detached" });
  });

  await on("undefined, null, an empty text and a removed attribute mean the default", `<secateur-lab></secateur-lab>`, async (page) => {
    const usual = await value(page, "sparsity");
    for (const none of [undefined, null, ""]) {
      await lab(page).evaluate((element) => (element.sparsity = 0.5));
      assert.equal(await value(page, "sparsity"), "0.5");
      await lab(page).evaluate((element, none) => (element.sparsity = none), none);
      assert.equal(await value(page, "sparsity"), usual, `after ${none}`);
      await lab(page).evaluate((element, none) => element.setState({ sparsity: none, seed: 3 }), none);
      assert.equal(await value(page, "sparsity"), usual, `setState with ${none}`);
      assert.equal(await value(page, "seed"), "3");
    }
    await lab(page).evaluate((element) => element.setAttribute("sparsity", "0.6"));
    await page.waitForFunction(() => document.querySelector("secateur-lab").sparsity === "0.6");
    await lab(page).evaluate((element) => element.removeAttribute("sparsity"));
    await page.waitForFunction((usual) => document.querySelector("secateur-lab").sparsity === usual, usual);
    assert.equal(await page.getByRole("alert").count(), 0);
  });

  await on(
    "properties set before the element knew its keys count, undefined too",
    `<secateur-lab seed="4"></secateur-lab>`,
    async (page) => {
      await lab(page).evaluate((old) => {
        const element = document.createElement("secateur-lab");
        element.setAttribute("seed", "4");
        Object.assign(element, { sparsity: 0.4, seed: undefined });
        old.replaceWith(element);
      });
      await runnable(page);
      assert.equal(await value(page, "sparsity"), "0.4");
      assert.notEqual(await value(page, "seed"), "4");
      await lab(page).evaluate((element) => (element.seed = 9));
      assert.equal((await state(page)).settings.seed, "9");
    },
  );

  await on("moved in the page, it keeps its state and its run goes on", `<secateur-lab></secateur-lab><div></div>`, async (page) => {
    await lab(page).evaluate((element) => element.setState({ sparsity: 0.5, recovery: "none" }));
    const digest = await lab(page).evaluate(async (element) => {
      const run = element.run();
      while (!element.getState().working) await new Promise((go) => setTimeout(go, 5));
      document.querySelector("div").append(element);
      return (await run).digest;
    });
    const now = await state(page);
    assert.equal(now.settings.sparsity, "0.5");
    assert.equal(now.record.digest, digest);
    assert.equal(page.workers().length, 1);
  });

  await on("taken off for longer, a run rejects with the reason and an event; the state stays", `<secateur-lab></secateur-lab>`, async (page) => {
    const told = await lab(page).evaluate(async (element) => {
      element.setState({ sparsity: 0.5 });
      const errors = [];
      element.addEventListener("error", (event) => errors.push(event.detail.message));
      const run = element.run().then(
        () => "made",
        (failure) => failure.message,
      );
      while (!element.getState().working) await new Promise((go) => setTimeout(go, 5));
      element.remove();
      const outcome = await run;
      const apart = await element.run().catch((failure) => failure.message);
      document.body.append(element);
      return { outcome, apart, errors };
    });
    assert.match(told.outcome, /taken off the page/);
    assert.match(told.apart, /not on a page/);
    assert.deepEqual(told.errors, [told.outcome]);
    await runnable(page);
    assert.equal((await state(page)).settings.sparsity, "0.5");
    await page.getByText(/taken off the page/).waitFor();
  });
  await browser.close();
});

suite(test, "the address", [
  [
    "what mailings and networks add is ignored, and left out of shared links",
    {
      query: "?utm_source=mail&utm_campaign=x&fbclid=abc&sparsity=0.8&ref=home",
      permissions: ["clipboard-read", "clipboard-write"],
    },
    async (page) => {
      await ready(page);
      assert.equal(await page.getByRole("alert").count(), 0);
      assert.equal(await prune(page).isEnabled(), true);
      await page.getByRole("button", { name: "Share" }).click();
      await page.getByText(/was copied/).waitFor();
      const link = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(link, /sparsity=0\.8/);
      assert.doesNotMatch(link, /utm|fbclid|ref=/);
    },
  ],
  [
    "a browser that refuses to change it costs nothing else, and is not asked in a hurry",
    {
      before: (context) =>
        context.addInitScript(() => {
          window.changes = 0;
          history.replaceState = history.pushState = () => {
            window.changes++;
            throw new DOMException("Attempt to use history.replaceState() more than 100 times", "SecurityError");
          };
        }),
    },
    async (page) => {
      await ready(page);
      await page.clock.install();
      await page.clock.pauseAt(Date.now() + 60_000);
      await page.evaluate(() => (window.changes = 0));
      for (let i = 0; i < 40; i++) {
        await lab(page).evaluate((element, i) => element.setState({ sparsity: 0.5 + i / 100 }), i);
        await page.clock.runFor(50);
      }
      // Two seconds of a slider on its way: a browser that takes a hundred changes in thirty seconds takes seven.
      const changes = await page.evaluate(() => window.changes);
      assert.ok(changes >= 1 && changes <= 6, `${changes} changes`);
      await page.clock.resume();
      await page.getByRole("link", { name: "About", exact: true }).click();
      await page.getByRole("heading", { level: 1, name: "About" }).waitFor();
      assert.deepEqual(page.problems, []);
    },
  ],
]);
