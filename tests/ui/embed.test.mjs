// The element on somebody else's page: attributes in, events out, nothing else touched.

import assert from "node:assert/strict";
import { test } from "node:test";
import { launch, URL_UNDER_TEST, visit } from "./lib.mjs";

test("embedded", async (t) => {
  const browser = await launch();
  await t.test("attributes are settings; address and storage are left alone", async () => {
    const page = await visit(browser, '<secateur-lab sparsity="0.7" seed="5"></secateur-lab>');
    await page.waitForFunction(
      () => document.querySelector("secateur-lab").getState?.().engine === "ready",
      undefined,
      { timeout: 60_000 },
    );
    const { settings } = await page.evaluate(() => document.querySelector("secateur-lab").getState());
    assert.equal(settings.sparsity, "0.7");
    assert.equal(settings.seed, "5");
    assert.equal(await page.getByRole("link", { name: "Methods" }).count(), 0);
    assert.equal(page.url(), `${URL_UNDER_TEST}host.html`);
    assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length), 0);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });
  await t.test("removed from the page, its worker ends; put back, it works again", async () => {
    const page = await visit(browser, "<secateur-lab></secateur-lab>");
    const ready = () =>
      page.waitForFunction(() => document.querySelector("secateur-lab").getState?.().engine === "ready", undefined, {
        timeout: 60_000,
      });
    await ready();
    assert.equal(page.workers().length, 1);
    await page.evaluate(() => {
      window.kept = document.querySelector("secateur-lab");
      window.kept.remove();
    });
    for (const end = Date.now() + 10_000; page.workers().length && Date.now() < end; ) await page.waitForTimeout(50);
    assert.equal(page.workers().length, 0);
    await page.evaluate(() => document.body.append(window.kept));
    await ready();
    assert.equal(page.workers().length, 1);
    await page.context().close();
  });
  await t.test("run() resolves with the record", async () => {
    const page = await visit(browser, "<secateur-lab></secateur-lab>");
    await page.waitForFunction(() => customElements.get("secateur-lab"));
    await page.waitForFunction(() => document.querySelector("secateur-lab").getState().engine === "ready", undefined, {
      timeout: 60_000,
    });
    const failed = await page.evaluate(() => {
      const element = document.querySelector("secateur-lab");
      element.setState({ sparsity: "2" });
      return element.run().then(
        () => null,
        (failure) => failure,
      );
    });
    assert.match(failed.message, /sparsity/);
    await page.context().close();
  });
  await browser.close();
});
