// A GPU that promises and does not keep: the page is ready on the processor in some seconds, with one note, and every run ends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inWorker, lab, LONG, prune, ready, runs, settled, state, suite, WEBGPU } from "./lib.mjs";

const QUERY = "?model=lenet-300-100&recovery=none";

const NEVER = "new Promise(() => {})";
const silent = {
  requestAdapter: `GPU.prototype.requestAdapter = () => ${NEVER};`,
  "the second requestAdapter": `
    const ask = GPU.prototype.requestAdapter;
    let asked = 0;
    GPU.prototype.requestAdapter = function (...args) { return asked++ ? ${NEVER} : ask.apply(this, args); };`,
  requestDevice: `GPUAdapter.prototype.requestDevice = () => ${NEVER};`,
  mapAsync: `GPUBuffer.prototype.mapAsync = () => ${NEVER};`,
  popErrorScope: `GPUDevice.prototype.popErrorScope = () => ${NEVER};`,
};

suite(
  test,
  "a GPU that does not answer",
  [
    ...Object.entries(silent).map(([what, code]) => [
      `${what} never settles: the processor does everything, and that is said once`,
      { query: QUERY, before: inWorker(code) },
      async (page) => {
        const began = Date.now();
        await ready(page, 60_000);
        assert.ok(Date.now() - began < 30_000, `ready after ${Date.now() - began} ms`);
        await settled(page);
        assert.equal(await page.getByText(/did not answer in time when asked for its GPU/).count(), 1);
        await prune(page).click();
        await runs(page, 1);
        const { record, dense } = await state(page);
        assert.equal(record.environment.executor, "cpu");
        assert.equal(dense.environment.gpu, undefined, "no GPU is named that was never had");
      },
    ]),
    [
      "a GPU lost while nothing runs is asked for again by the next run",
      {
        query: QUERY,
        before: inWorker(`
          const request = GPUAdapter.prototype.requestDevice;
          self.opened = 0;
          GPUAdapter.prototype.requestDevice = async function (...args) {
            self.opened++;
            return (self.held = await request.apply(this, args));
          };`),
      },
      async (page) => {
        await settled(page);
        const opened = () => page.workers()[0].evaluate(() => self.opened);
        assert.equal(await opened(), 1);
        await page.workers()[0].evaluate(() => self.held.destroy());
        await prune(page).click();
        await runs(page, 1, LONG);
        assert.match((await state(page)).record.notes.join(" "), /Without the GPU from here/);
        assert.doesNotMatch((await state(page)).record.notes.join(" "), /\(\)|\.\./);
        await settled(page);
        await lab(page).evaluate((element) => element.setState({ seed: "2" }, true));
        await prune(page).click();
        await runs(page, 2, LONG);
        assert.equal(await opened(), 2);
        assert.equal((await state(page)).record.speed.by_executor.length, 2, "both executors are timed again");
      },
    ],
  ],
  WEBGPU,
);
