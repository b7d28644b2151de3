// Bad input and bad luck: a sentence that names what and what to do; earlier runs stay.

import assert from "node:assert/strict";
import { test } from "node:test";
import { lab, oneRun, prune, ready, runs, settled, state, suite, URL_UNDER_TEST, withoutTraining } from "./lib.mjs";

const verdict = (page) => page.getByRole("region", { name: "Verdict" });
const cancel = (page) => page.getByRole("button", { name: "Cancel", exact: true }).first();

suite(test, "trouble", [
  [
    "an unknown key in the address is named, and can be removed",
    { query: "?sparsty=0.9" },
    async (page) => {
      await page.getByRole("alert").filter({ hasText: "sparsty" }).first().waitFor();
      assert.equal(await prune(page).isDisabled(), true);
      await page.getByRole("button", { name: "Remove sparsty" }).click();
      await page.getByRole("alert").filter({ hasText: "sparsty" }).waitFor({ state: "detached" });
      await settled(page);
      assert.equal(await prune(page).isDisabled(), false);
    },
  ],
  [
    "a value out of range is named with its range",
    { query: "?sparsity=1.5" },
    async (page) => {
      const alert = page.getByRole("alert").filter({ hasText: "sparsity" }).first();
      await alert.waitFor();
      assert.match(await alert.innerText(), /from 0|range|between/s);
      assert.equal(await prune(page).isDisabled(), true);
    },
  ],
  [
    "sparsity 1 is refused, sparsity 0 is run",
    { query: "?sparsity=1" },
    async (page) => {
      await page.getByRole("alert").filter({ hasText: "sparsity" }).first().waitFor();
      const share = page.getByRole("textbox", { name: /in per cent$/ });
      await share.fill("0");
      await share.press("Enter");
      await page.getByRole("alert").filter({ hasText: "sparsity" }).waitFor({ state: "detached" });
      await oneRun(page);
      assert.equal((await state(page)).record.size.nonzero <= (await state(page)).record.size.parameters, true);
    },
  ],
  [
    "an unknown network and an unknown method are named",
    { query: "?model=nonesuch&method=nothere" },
    async (page) => {
      await page.getByRole("alert").filter({ hasText: "nonesuch" }).first().waitFor();
      await page.getByRole("button", { name: "Remove model" }).click();
      await page.getByRole("alert").filter({ hasText: "nothere" }).first().waitFor();
      await page.getByRole("button", { name: "Remove method" }).click();
      await settled(page);
    },
  ],
  [
    "two runs at once: the second is refused, the first goes on",
    {},
    async (page) => {
      await ready(page);
      const [first, second] = await lab(page).evaluate((element) => {
        const outcome = (run) =>
          Promise.race([
            run.then(
              () => "made",
              (failure) => failure.kind,
            ),
            new Promise((go) => setTimeout(go, 3000, "going")),
          ]);
        return Promise.all([outcome(element.run()), outcome(element.run())]);
      });
      assert.equal(second, "busy");
      assert.notEqual(first, "busy");
      await cancel(page).waitFor();
      const refusal = await lab(page).evaluate((element) =>
        element.run().then(
          () => null,
          (failure) => failure,
        ),
      );
      assert.equal(refusal?.kind, "busy");
      await verdict(page)
        .getByText(/already under way/)
        .waitFor();
      assert.equal((await state(page)).working, true);
      await cancel(page).click();
    },
  ],
  [
    "Cancel is immediate and keeps earlier runs",
    {},
    async (page) => {
      await oneRun(page);
      await page.getByRole("button", { name: "Back to the method" }).click();
      await prune(page).click();
      await cancel(page).waitFor();
      const took = await lab(page).evaluate(async (element) => {
        const button = [...element.shadowRoot.querySelectorAll("button")].find(
          (each) => each.textContent.trim() === "Cancel",
        );
        const start = performance.now();
        button.click();
        while (element.getState().working) await new Promise((go) => setTimeout(go, 1));
        return performance.now() - start;
      });
      assert.ok(took < 100, `${took.toFixed(0)} ms`);
      await verdict(page)
        .getByText(/Cancelled/)
        .waitFor();
      await settled(page);
      assert.equal((await state(page)).runs.length, 1);
    },
  ],
  [
    "pause holds a run and lets it go on",
    {},
    async (page) => {
      await ready(page);
      await prune(page).click();
      await page.getByRole("button", { name: "Pause", exact: true }).first().click();
      await page.getByText(/^Paused:/).waitFor();
      // The slice under way ends first; then nothing moves.
      const now = () => page.getByText(/^Paused:/).innerText();
      let [before, after] = ["", await now()];
      for (let i = 0; i < 20 && before !== after; i++) {
        before = after;
        await page.waitForTimeout(800);
        after = await now();
      }
      assert.equal(after, before);
      await page.getByRole("button", { name: "Go on", exact: true }).first().click();
      await page.getByText(/^Paused:/).waitFor({ state: "detached" });
      await cancel(page).click();
    },
  ],
  [
    "a reload in mid-run loses no earlier run and says what was lost",
    {},
    async (page) => {
      await oneRun(page);
      await page.getByRole("button", { name: "Back to the method" }).click();
      await prune(page).click();
      await cancel(page).waitFor();
      await page.reload();
      await verdict(page)
        .getByText(/reloaded while a run was under way/)
        .waitFor();
      await runs(page, 1);
      assert.equal((await state(page)).runs.length, 1);
      await page.reload();
      await runs(page, 1);
      assert.equal(
        await verdict(page)
          .getByText(/reloaded while/)
          .count(),
        0,
      );
    },
  ],
  [
    "a worker ended from outside is noticed, replaced, and earlier runs stay",
    {},
    async (page) => {
      await oneRun(page);
      await page.getByRole("button", { name: "Back to the method" }).click();
      await prune(page).click();
      await cancel(page).waitFor();
      await page.workers()[0].evaluate(() => self.close());
      await verdict(page)
        .getByText("The engine stopped: its worker was ended from outside.")
        .waitFor();
      await settled(page);
      await verdict(page)
        .getByText("The engine stopped: its worker was ended from outside.")
        .waitFor();
      assert.equal((await state(page)).runs.length, 1);
      await verdict(page).getByRole("button", { name: "Dismiss" }).click();
      await withoutTraining(page);
      await prune(page).click();
      await runs(page, 2);
    },
  ],
  [
    "crashes in runs: each is told once, with its reason, and three in a row are borne",
    { query: "?recovery.steps=2000" },
    async (page) => {
      await settled(page);
      await lab(page).evaluate((element) => {
        window.told = [];
        element.addEventListener("error", (event) => window.told.push(event.detail.message));
      });
      const reasons = ["out of memory", "unreachable", "table index is out of bounds"];
      for (const reason of reasons) {
        await prune(page).click();
        await cancel(page).waitFor();
        await page.workers()[0].evaluate(
          (reason) =>
            void setTimeout(() => {
              throw new Error(reason);
            }),
          reason,
        );
        await verdict(page).getByText(`The engine stopped: ${reason}.`).waitFor();
        await ready(page);
        await verdict(page).getByText(`The engine stopped: ${reason}.`).waitFor();
        await page.waitForTimeout(300);
      }
      assert.deepEqual(
        await page.evaluate(() => window.told),
        reasons.map((reason) => `The engine stopped: ${reason}.`),
      );
      assert.equal(await prune(page).isEnabled(), true);
    },
  ],
]);

test("files that are missing or damaged", async (t) => {
  const { launch } = await import("./lib.mjs");
  const browser = await launch();
  const broken = (title, path, answer, says) =>
    t.test(title, async () => {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.route(path, answer);
      await page.goto(URL_UNDER_TEST);
      await page.getByRole("region", { name: "Verdict" }).getByText(says).waitFor({ timeout: 30_000 });
      await context.close();
    });
  await broken(
    "weights that are not there",
    "**/*.safetensors",
    (route) => route.fulfill({ status: 404 }),
    /safetensors could not be loaded.*404/,
  );
  await broken(
    "weights cut short",
    "**/*.safetensors",
    (route) => route.fulfill({ body: Buffer.from([1, 2, 3]) }),
    /short|truncated|ends|too small|bytes/,
  );
  await broken(
    "images cut short",
    "**/test-images.idx.gz",
    (route) => route.fulfill({ body: Buffer.from([0x1f, 0x8b, 8, 0]) }),
    /cut short|not gzip/,
  );
  await browser.close();
});
