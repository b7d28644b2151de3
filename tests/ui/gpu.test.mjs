// WebGPU: where a browser has it both executors are timed and shown, either can be asked for, and a GPU that is refused, broken
// or lost costs nothing. The browser's GPU is software here: far slower than the processor, and just as right.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inWorker, lab, launch, LONG, open, prune, runs, settled, state, suite, WEBGPU, withoutTraining } from "./lib.mjs";

const QUERY = "?model=lenet-300-100&recovery=none&sparsity=0.8";

const set = (page, settings) => lab(page).evaluate((element, settings) => element.setState(settings, true), settings);

/** Prunes once more; gives the record. */
async function record(page) {
  const { runs: before } = await state(page);
  await prune(page).click();
  await runs(page, before.length + 1);
  return (await state(page)).record;
}

const engines = (page) => page.requests.filter((url) => url.endsWith("secateur_bg.wasm")).map((url) => new URL(url).pathname);

/** The worker's device, to be had from outside. */
const HOLD = `
const request = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (...args) { return (self.held = await request.apply(this, args)); };`;

suite(
  test,
  "WebGPU",
  [
    [
      "both executors are timed, and the page says which is faster",
      { query: QUERY },
      async (page) => {
        await settled(page);
        assert.ok(engines(page).every((path) => path.includes("/gpu/")), engines(page).join());
        const { dense } = await state(page);
        assert.deepEqual(
          dense.speed.by_executor.map((row) => row.executor),
          ["cpu", "gpu"],
        );
        assert.ok(dense.environment.gpu.length > 2, "the GPU has a name");
        const section = page.getByRole("region", { name: "Processor and GPU" });
        await section.getByText(/^WebGPU is .* for one image here: .* in \d+ dispatches/).waitFor();

        const run = await record(page);
        const gpu = run.speed.by_executor[1];
        const faster = gpu.gain_low > 1 ? "gpu" : "cpu";
        assert.equal(run.environment.executor, faster);
        assert.match(run.notes.join(), faster === "cpu" ? /WebGPU is (.*× slower|no faster)/ : /WebGPU is .*× faster/);
        assert.equal(await section.getByRole("row").count(), 3);
        await section.getByRole("row", { name: /WebAssembly|WebGPU/ }).filter({ hasText: "runs" }).waitFor();
        assert.deepEqual(page.problems, []);
      },
    ],
    [
      "either can be asked for; what a GPU took part in is marked",
      { query: QUERY },
      async (page) => {
        await settled(page);
        const select = page.getByRole("combobox", { name: "Runs on", exact: true });
        await select.selectOption("gpu");
        const gpu = await record(page);
        assert.equal(gpu.environment.executor, "gpu");
        assert.deepEqual(gpu.environment.gpu_took_part, ["answers", "timing"]);
        assert.ok(gpu.layers.every((layer) => layer.kernel.startsWith("gpu ")));
        await page.getByText(/Not bit-exact: a GPU/).first().waitFor();

        await select.selectOption("cpu");
        const cpu = await record(page);
        assert.equal(cpu.environment.executor, "cpu");
        assert.equal(cpu.environment.gpu_took_part, undefined);
        assert.equal(cpu.speed.by_executor.length, 1);
        assert.ok(!(await page.getByText(/Not bit-exact/).count()));
        assert.equal(cpu.digest, gpu.digest, "a GPU that only answers changes no weight");
        assert.ok(Math.abs(cpu.accuracy.after - gpu.accuracy.after) <= 0.001, "the same answers but for ties");
        assert.deepEqual(page.problems, []);
      },
    ],
    [
      "a few steps of training on the GPU come to the same losses",
      { query: "?model=lenet-300-100&recovery.steps=3&executor=gpu" },
      async (page) => {
        await settled(page);
        const gpu = await record(page);
        assert.deepEqual(gpu.environment.gpu_took_part, ["answers", "timing", "training"]);
        await set(page, { executor: "cpu" });
        const cpu = await record(page);
        for (const [i, point] of cpu.curve.entries())
          assert.ok(Math.abs(gpu.curve[i].loss - point.loss) < 1e-3, `step ${i}: ${gpu.curve[i].loss}, ${point.loss}`);
        assert.deepEqual(page.problems, []);
      },
    ],
    [
      "calibration passes on the GPU cut as the processor's do, and are told",
      { query: "?model=lenet-300-100&criterion=wanda&calibration=128&recovery=none&executor=gpu" },
      async (page) => {
        await settled(page);
        const gpu = await record(page);
        assert.deepEqual(gpu.environment.gpu_took_part, ["answers", "calibration", "timing"]);
        assert.ok(
          gpu.notes.some((note) => note.includes("answers, calibration and timing")),
          String(gpu.notes),
        );
        await page.getByRole("tab", { name: "Record" }).click();
        await page.getByText("a GPU had a part in them").waitFor();
        await set(page, { executor: "cpu" });
        const cpu = await record(page);
        const off = Math.abs(gpu.accuracy.after - cpu.accuracy.after);
        assert.ok(off <= 2 / cpu.accuracy.n, `${gpu.accuracy.after}, ${cpu.accuracy.after}`);
        assert.deepEqual(page.problems, []);
      },
    ],
    [
      "a GPU lost in the middle of training: the run goes on to the processor's bits, and says so once",
      { query: "?model=lenet-300-100&recovery.steps=6&executor=gpu", before: inWorker(HOLD) },
      async (page) => {
        await settled(page);
        await lab(page).evaluate((element) => {
          window.trained = 0;
          element.addEventListener("progress", ({ detail }) => (window.trained += /Train/.test(detail.label) ? 1 : 0));
        });
        await prune(page).click();
        await page.waitForFunction(() => window.trained >= 2, undefined, { polling: 10 });
        await page.workers()[0].evaluate(() => self.held.destroy());
        await runs(page, 1);
        const lost = (await state(page)).record;
        assert.equal(lost.environment.executor, "cpu");
        assert.equal(lost.notes.filter((note) => note.startsWith("Without the GPU")).length, 1, lost.notes.join("\n"));
        await page.getByText(/Without the GPU from here/).first().waitFor();
        assert.deepEqual(
          lost.curve.map((point) => point.step),
          [1, 2, 3, 4, 5, 6],
        );
        await set(page, { executor: "cpu" });
        assert.equal((await record(page)).digest, lost.digest);
        assert.deepEqual(page.problems, []);
      },
    ],
    [
      "the break-even shows both executors",
      { query: QUERY, hash: "#break-even" },
      async (page) => {
        await settled(page);
        await page.getByText("Break-even", { exact: true }).first().click();
        await page.getByRole("button", { name: /^Measure (here|again)$/ }).click();
        await page.getByRole("button", { name: "Measure again" }).waitFor({ timeout: LONG });
        const table = page.getByRole("region", { name: "Processor and GPU, layer by layer" });
        assert.equal(await table.getByRole("row").count(), 7, "six layers and their head");
        for (const row of (await table.getByRole("row").all()).slice(1))
          assert.match(await row.innerText(), /µs.*µs.*µs.*µs.*(faster|slower)/s);
        assert.deepEqual(page.problems, []);
      },
    ],
    [
      "a GPU that refuses its device is as none",
      {
        query: QUERY,
        before: inWorker("GPUAdapter.prototype.requestDevice = () => Promise.reject(new Error('not today'));"),
      },
      async (page) => {
        await settled(page);
        const run = await record(page);
        assert.equal(run.environment.executor, "cpu");
        assert.equal(run.environment.gpu, undefined);
        assert.equal(run.speed.by_executor.length, 1);
        await set(page, { executor: "gpu" });
        await page.getByText(/A GPU was asked for: .*not today/).first().waitFor();
        assert.deepEqual(page.problems, []);
      },
    ],
    [
      "kernels that do not compile leave the processor to do it all",
      {
        query: QUERY,
        before: inWorker(`
const make = GPUDevice.prototype.createShaderModule;
GPUDevice.prototype.createShaderModule = function (given) { return make.call(this, { ...given, code: "fn main( {" }); };`),
      },
      async (page) => {
        await settled(page);
        const run = await record(page);
        assert.equal(run.environment.executor, "cpu");
        assert.match(run.notes.join(), /Without the GPU from here: the GPU does not take kernel/);
      },
    ],
    [
      "a GPU that answers wrongly is not believed",
      {
        query: QUERY,
        before: inWorker(`
const make = GPUDevice.prototype.createShaderModule;
GPUDevice.prototype.createShaderModule = function (given) {
  return make.call(this, { ...given, code: given.code.replaceAll("fma(", "0.5 * fma(") });
};`),
      },
      async (page) => {
        await settled(page);
        const run = await record(page);
        assert.equal(run.environment.executor, "cpu");
        assert.equal(run.speed.by_executor.length, 1);
        const { dense } = await state(page);
        assert.match(dense.notes.join(), /Without the GPU from here: the GPU answers something else/);
      },
    ],
    [
      "a GPU without memory for the weights leaves the processor to do it all",
      {
        query: `${QUERY}&executor=gpu`,
        before: inWorker(`
const make = GPUDevice.prototype.createBuffer;
GPUDevice.prototype.createBuffer = function (given) {
  const error = new GPUOutOfMemoryError("no room for so much");
  if (given.size > 500_000) this.dispatchEvent(new GPUUncapturedErrorEvent("uncapturederror", { error }));
  return make.call(this, given);
};`),
      },
      async (page) => {
        await settled(page);
        const { dense } = await state(page);
        assert.match(dense.notes.join(), /Without the GPU from here: the GPU.* failed: Out of Memory/);
        const run = await record(page);
        assert.equal(run.environment.executor, "cpu");
        assert.equal(run.environment.gpu_took_part, undefined);
        assert.match(run.notes.join(), /A GPU was asked for: .* The processor does everything/);
        assert.deepEqual(page.problems, []);
      },
    ],
    [
      "an engine for the GPU that cannot be loaded is replaced by the one without",
      { query: QUERY, before: (context) => context.route("**/gpu/**", (route) => route.fulfill({ status: 404 })) },
      async (page) => {
        await settled(page);
        assert.equal((await record(page)).environment.executor, "cpu");
      },
    ],
  ],
  WEBGPU,
);

test("no adapter", async (t) => {
  await t.test("a browser without WebGPU loads no engine for it, and shows nothing of it", async () => {
    const browser = await launch();
    try {
      const page = await open(browser, { query: QUERY });
      await settled(page);
      assert.ok(engines(page).length && engines(page).every((path) => !path.includes("/gpu/")), engines(page).join());
      await withoutTraining(page);
      const run = await record(page);
      assert.equal(run.speed.by_executor.length, 1);
      assert.equal(await page.getByText("Processor and GPU").count(), 0);
      assert.deepEqual(page.problems, []);
    } finally {
      await browser.close();
    }
  });
});
