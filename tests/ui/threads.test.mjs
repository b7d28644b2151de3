// Threads: where the page is cross-origin isolated, runs are shared among them; elsewhere they go on without.

import assert from "node:assert/strict";
import { test } from "node:test";
import { lab, prune, runs, settled, state, suite } from "./lib.mjs";

const QUERY = "?model=resnet8&recovery=none&threads=2";

/** Prunes once; gives the record. */
async function record(page) {
  await settled(page);
  await prune(page).click();
  await runs(page, 1);
  return (await state(page)).record;
}

suite(test, "threads", [
  [
    "an isolated page shares runs among threads and changes no bit",
    { isolated: true, query: QUERY },
    async (page, browser) => {
      assert.equal(await page.evaluate(() => crossOriginIsolated), true);
      const two = await record(page);
      assert.deepEqual(page.problems, []);
      assert.equal(two.environment.threads, Math.min(2, two.environment.cores));
      if (two.environment.cores > 1) assert.doesNotMatch(two.notes.join(), /threads were asked for/);

      await lab(page).evaluate((element) => element.setState({ threads: "1" }, true));
      await prune(page).click();
      await runs(page, 2);
      const one = (await state(page)).record;
      assert.equal(one.environment.threads, 1);
      assert.equal(one.digest, two.digest);
      assert.equal(one.accuracy.after, two.accuracy.after);
    },
  ],
  [
    "a page that is not isolated runs on one thread and says why",
    { query: QUERY },
    async (page) => {
      const one = await record(page);
      assert.deepEqual(page.problems, []);
      assert.equal(one.environment.threads, 1);
      assert.match(one.notes.join(), /2 threads were asked for and 1 measured: only a cross-origin isolated page/);
    },
  ],
]);
