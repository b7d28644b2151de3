// What the browser or the server never answers: each wait has an end, and one note says what the page does without.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inWorker, lab, LONG, prune, ready, runs, settled, state, suite, WEBGPU, withoutTraining } from "./lib.mjs";

const verdict = (page) => page.getByRole("region", { name: "Verdict" });
const never = () => new Promise(() => {});

/** All of the page's waits are over in about five seconds each; here with room for a slow machine. */
const SOON = 25_000;

const NEVER_LOCKED = "navigator.locks.request = () => new Promise(() => {});";
const NEVER_STORED = () => {
  IDBFactory.prototype.open = () => new EventTarget();
};

async function oneRun(page) {
  await withoutTraining(page);
  await prune(page).click();
  await runs(page, 1);
}

suite(test, "waits", [
  [
    "a lock that never comes: the page works and says so",
    { before: inWorker(NEVER_LOCKED) },
    async (page) => {
      await ready(page, SOON);
      await verdict(page).getByText(/gives the page no lock/).waitFor();
      await oneRun(page);
      await page.getByRole("link", { name: "About", exact: true }).click();
      await page.getByText(/gives the page no lock/).waitFor();
      assert.deepEqual(page.problems, []);
    },
  ],
  [
    "without a lock, a worker that ended is noticed all the same",
    { before: inWorker("navigator.locks.request = () => Promise.reject(new DOMException('denied', 'SecurityError'));") },
    async (page) => {
      await settled(page);
      await page.clock.install();
      await page.reload();
      await settled(page);
      await page.workers()[0].evaluate(() => self.close());
      await page.clock.runFor(66_000);
      await verdict(page).getByText(/engine stopped: its worker was ended from outside/).waitFor();
    },
  ],
  [
    "storage that never answers: runs last as long as the page, and that is said",
    { before: (context) => context.addInitScript(NEVER_STORED) },
    async (page) => {
      await ready(page, SOON);
      await verdict(page).getByText(/keeps no data for this page/).waitFor({ timeout: SOON });
      await oneRun(page);
      assert.deepEqual(page.problems, []);
    },
  ],
  [
    "weights that never come: told, and loaded at the second try",
    { before: (context) => context.route("**/*.safetensors", never) },
    async (page) => {
      await verdict(page)
        .getByText(/safetensors could not be loaded: no answer came/)
        .waitFor({ timeout: SOON });
      const refused = await lab(page).evaluate((element) => element.run().catch((failure) => failure.message));
      assert.match(refused, /safetensors could not be loaded/);
      await page.context().unroute("**/*.safetensors");
      await verdict(page).getByRole("button", { name: "Try again" }).click();
      await ready(page);
      assert.equal(await verdict(page).getByText(/could not be loaded/).count(), 0);
    },
  ],
  [
    "training images that never come: the run ends with the reason, and can be made again",
    { before: (context) => context.route("**/train-images.idx.gz", never) },
    async (page) => {
      await ready(page);
      await prune(page).click();
      await verdict(page)
        .getByText(/train-images.idx.gz could not be loaded: no answer came/)
        .waitFor({ timeout: SOON });
      assert.equal(await prune(page).isEnabled(), true);
      await page.context().unroute("**/train-images.idx.gz");
      await prune(page).click();
      await page.getByRole("img", { name: /^Loss against/ }).first().waitFor({ timeout: LONG });
    },
  ],
  [
    "a worker's script that never comes",
    { before: (context) => context.route("**/js/worker.js", never) },
    async (page) => {
      await verdict(page)
        .getByText(/worker.js did not come in 10 seconds/)
        .waitFor({ timeout: SOON });
      const refused = await lab(page).evaluate((element) => element.run().catch((failure) => failure.message));
      assert.match(refused, /could not be started/);
      await page.context().unroute("**/js/worker.js");
      await verdict(page).getByRole("button", { name: "Start the engine again" }).click();
      await ready(page);
    },
  ],
  [
    "a worker's script that is missing",
    { before: (context) => context.route("**/js/worker.js", (route) => route.fulfill({ status: 404 })) },
    async (page) => {
      await verdict(page).getByText(/worker.js could not be loaded/).waitFor();
    },
  ],
  [
    "an engine that never comes",
    { before: (context) => context.route("**/secateur_bg.wasm", never) },
    async (page) => {
      await verdict(page)
        .getByText(/secateur_bg.wasm could not be loaded: no answer came/)
        .waitFor({ timeout: SOON });
    },
  ],
  [
    "an engine's second file that never comes: the network is measured, a run says why it cannot be, and is made at the next try",
    { query: "?recovery=none", before: (context) => context.route("**/secateur_rest.wasm", never) },
    async (page) => {
      await ready(page);
      await prune(page).click();
      await verdict(page)
        .getByText(/secateur_rest.wasm could not be loaded: no answer came/)
        .waitFor({ timeout: 2 * SOON });
      await page.context().unroute("**/secateur_rest.wasm");
      await prune(page).click();
      await runs(page, 1);
    },
  ],
  [
    "an engine's second file that is needed before anybody asked is fetched while the engine waits",
    {
      // Numbers of eight bits are no part of a first visit.
      query: "?model=resnet8&precision=int8",
      before: (context) =>
        context.route("**/secateur_rest.wasm", (route) =>
          route.request().resourceType() === "fetch" ? never() : route.continue(),
        ),
    },
    async (page) => {
      await settled(page);
      const { dense } = await state(page);
      assert.ok(dense.speed.dense_ms > 0);
      assert.deepEqual(page.problems, []);
    },
  ],
  [
    "an engine's two files of different builds, as a browser may have kept one, are not joined",
    {
      query: "?recovery=none",
      before: (context) =>
        context.route("**/relaxed/secateur_rest.wasm", async (route) => {
          const url = route.request().url().replace("relaxed/", "");
          await route.fulfill({ response: await route.fetch({ url }) });
        }),
    },
    async (page) => {
      await ready(page);
      await prune(page).click();
      await verdict(page)
        .getByText(/files are of different versions/)
        .waitFor({ timeout: SOON });
    },
  ],
  [
    "threads that never start: the run goes on without them",
    { isolated: true, query: "?threads=2&recovery=none", before: inWorker("self.Worker = class { postMessage() {} };") },
    async (page) => {
      await settled(page);
      await prune(page).click();
      await runs(page, 1);
      const { record } = await state(page);
      assert.equal(record.environment.threads, 1);
      assert.match(record.notes.join(), /threads were asked for/);
    },
  ],
]);

suite(
  test,
  "waits for a GPU",
  [
    [
      "an adapter that never comes: ready on the processor, one note, and a way to ask again",
      { before: inWorker("GPU.prototype.requestAdapter = () => new Promise(() => {});") },
      async (page) => {
        await ready(page, SOON);
        await verdict(page).getByText(/did not answer in time when asked for its GPU/).waitFor();
        await page.getByRole("link", { name: "About", exact: true }).click();
        await page.getByRole("button", { name: "Ask for a GPU again" }).waitFor();
      },
    ],
    [
      "a device that never comes: ready on the processor, and one note",
      { before: inWorker("GPUAdapter.prototype.requestDevice = () => new Promise(() => {});") },
      async (page) => {
        await ready(page, SOON);
        await settled(page);
        assert.equal((await state(page)).dense.environment.gpu, undefined);
      },
    ],
    [
      "no adapter at first: asked again, and had",
      {
        before: inWorker(`
const ask = GPU.prototype.requestAdapter;
let asked = 0;
GPU.prototype.requestAdapter = function (...args) { return asked++ ? ask.apply(this, args) : Promise.resolve(null); };`),
      },
      async (page) => {
        await settled(page);
        assert.ok((await state(page)).dense.environment.gpu.length > 2);
      },
    ],
    [
      "no adapter at all: told where the GPU would stand, and asked again on request",
      { before: inWorker("GPU.prototype.requestAdapter = () => Promise.resolve(null);") },
      async (page) => {
        await settled(page);
        await page.context().unroute("**/js/worker.js");
        await page.getByRole("link", { name: "About", exact: true }).click();
        await page.getByText(/gave no GPU when asked/).waitFor();
        await page.getByRole("button", { name: "Ask for a GPU again" }).click();
        await page.getByText(/A GPU is in use/).waitFor();
      },
    ],
  ],
  WEBGPU,
);
