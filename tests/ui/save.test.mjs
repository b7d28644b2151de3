// Taking networks along: what is saved is what is shown, and what was saved can be opened again.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { lab, prune, ready, runs, settled, slide, state, suite, withoutTraining } from "./lib.mjs";

const LENET = "?model=lenet-5&recovery=none";
const verdict = (page) => page.getByRole("region", { name: "Verdict" });
const saveButton = (page) => verdict(page).getByRole("button", { name: "Save…" });

/** The formats on offer, as [name, length as the page says it]. */
async function offered(page) {
  await saveButton(page).click();
  const buttons = verdict(page).getByRole("group").getByRole("button");
  const names = await buttons.allInnerTexts();
  await page.keyboard.press("Escape");
  return names.map((name) => name.split(", "));
}

async function save(page, format) {
  await saveButton(page).click();
  const button = verdict(page).getByRole("group").getByRole("button", { name: new RegExp(`^${format}`) });
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/** The header of a safetensors file. */
const header = (bytes) => JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString());

/** The share of zeros of a plain file's weights. */
function zeros({ bytes }) {
  const { __metadata__: _, ...tensors } = header(bytes);
  const start = 8 + Number(bytes.readBigUInt64LE());
  let [none, all] = [0, 0];
  for (const [name, { data_offsets }] of Object.entries(tensors)) {
    if (!name.endsWith(".weight")) continue;
    const numbers = new Float32Array(bytes.subarray(start + data_offsets[0], start + data_offsets[1]).slice().buffer);
    all += numbers.length;
    none += numbers.filter((x) => x === 0).length;
  }
  return none / all;
}

const choose = (page, file) => page.locator("input[type=file]").setInputFiles(file);
const dense = (page) =>
  page.waitForFunction(() => {
    const now = document.querySelector("secateur-lab").getState();
    return now.engine === "ready" && !now.working && now.dense && !now.record && now.dense;
  });

async function pruned(page, sparsity) {
  await slide(page, sparsity);
  const before = (await state(page)).runs.length;
  await prune(page).click();
  await runs(page, before + 1);
  return (await state(page)).record;
}

suite(test, "save", [
  [
    "sizes are told before and are those of the files, in every format",
    { query: LENET },
    async (page) => {
      await ready(page);
      const record = await pruned(page, 0.9);
      const formats = await offered(page);
      assert.equal(formats.length, 3);
      const bytes = (value) =>
        value < 1e4 ? `${(value / 1e3).toFixed(1)} kB` : value < 1e6 ? `${Math.round(value / 1e3)} kB` : `${(value / 1e6).toFixed(2)} MB`;
      const names = new Set();
      for (const [name, told] of formats) {
        const file = await save(page, name);
        assert.equal(told, bytes(file.bytes.length), name);
        assert.match(file.name, new RegExp(`^lenet-5-[\\w-]+-90-${record.digest.slice(0, 8)}\\.`), "names tell runs apart");
        names.add(file.name);
        if (name === "Compact") assert.equal(file.bytes.length, record.size.bytes_stored);
      }
      assert.equal(names.size, 3);
      const small = header((await save(page, "Compact")).bytes);
      assert.equal(small.__metadata__.digest, record.digest);
      assert.match(small.__metadata__.recipe, /sparsity=0\.9/);
      assert.ok(zeros(await save(page, "Plain")) > 0.89);
      assert.deepEqual(page.problems, []);
    },
  ],
  [
    "the shown run is saved after a reload, another network, a cancelled run and a move in the page",
    { query: LENET },
    async (page) => {
      await ready(page);
      await pruned(page, 0.9);
      const first = await save(page, "Compact");
      const same = async (after) => {
        const file = await save(page, "Compact");
        assert.equal(file.name, first.name, after);
        assert.ok(file.bytes.equals(first.bytes), `${after}: other bytes`);
        assert.ok(zeros(await save(page, "Plain")) > 0.89, after);
      };
      await same("at once");
      await page.getByRole("combobox", { name: "Network and images" }).selectOption("lenet-300-100");
      await page.waitForFunction(() => document.querySelector("secateur-lab").getState().dense?.model === "lenet-300-100");
      await page.getByRole("combobox", { name: "Network and images" }).selectOption("lenet-5");
      await settled(page);
      await same("after another network");
      await lab(page).evaluate((element) => {
        const place = element.parentElement;
        element.remove();
        place.append(element);
      });
      await settled(page);
      await same("after a move");
      await lab(page).evaluate((element) => void element.run().catch(() => {}));
      await page.getByRole("button", { name: "Cancel", exact: true }).click();
      await settled(page);
      await same("after a cancelled run");
      await page.reload();
      await settled(page);
      await page.getByRole("region", { name: "Runs, newest first" }).getByRole("button", { pressed: false }).first().click();
      await same("after a reload");
      assert.deepEqual(page.problems, []);
    },
  ],
  [
    "the network that nothing was cut from is saved as what it is",
    { query: "?model=lenet-5" },
    async (page) => {
      await settled(page);
      const { dense } = await state(page);
      const file = await save(page, "Plain");
      assert.equal(file.name, `lenet-5-dense-${dense.digest.slice(0, 8)}.safetensors`);
      assert.equal(file.bytes.length, dense.size.bytes_dense);
      assert.ok(zeros(file) < 0.001);
      const shipped = await page.evaluate(async () => [...new Uint8Array(await (await fetch("assets/models/lenet-5.safetensors")).arrayBuffer())]);
      assert.ok(file.bytes.equals(Buffer.from(shipped)), "the shipped weights");
    },
  ],
  [
    "a run that was kept without its network says how to get it",
    { query: LENET },
    async (page) => {
      await ready(page);
      await pruned(page, 0.9);
      // As an earlier version kept them.
      await page.evaluate(async () => {
        for (const { name } of await indexedDB.databases()) {
          const base = await new Promise((open) => (indexedDB.open(name).onsuccess = (e) => open(e.target.result)));
          const store = base.transaction("runs", "readwrite").objectStore("runs");
          const all = await new Promise((got) => (store.getAll().onsuccess = (e) => got(e.target.result)));
          for (const { file: _, ...run } of all) store.put(run);
          base.close();
        }
      });
      await page.reload();
      await settled(page);
      await page.getByRole("region", { name: "Runs, newest first" }).getByRole("button", { pressed: false }).first().click();
      await verdict(page).getByText("Run it again to save it").waitFor();
      assert.equal(await saveButton(page).count(), 0);
    },
  ],
  [
    "a saved file is opened, shows its run, and is measured for itself",
    { query: "?model=lenet-300-100&recovery=none&seed=3" },
    async (page) => {
      await ready(page);
      const record = await pruned(page, 0.8);
      const file = await save(page, "Compact");
      const given = { name: file.name, mimeType: "application/octet-stream", buffer: file.bytes };
      await page.goto(page.url().split("?")[0]);
      await settled(page);
      const first = (await state(page)).dense;
      await choose(page, given);
      await verdict(page).getByText(`${file.name} is open: LeNet-300-100`).waitFor();
      await verdict(page).getByText(record.digest).waitFor();
      await verdict(page).getByText(/cut by 80%.*seed 3/).waitFor();
      const opened = await (await dense(page)).jsonValue();
      assert.notEqual(opened.digest, first.digest);
      assert.equal(opened.digest, record.digest);
      // The run that made it cut other weights: its point is not one of this network's.
      const listed = page.getByRole("region", { name: "Runs, newest first" });
      await page.getByText("One run of other weights of this network is kept too").waitFor();
      assert.equal(await listed.count(), 0);
      assert.equal(opened.accuracy.before, record.accuracy.after);
      assert.equal(opened.size.nonzero, record.size.nonzero);
      const fc1 = record.layers.find(({ name }) => name === "fc1");
      const inspector = page.getByRole("region", { name: "Layer fc1" });
      await inspector.getByText(`${fc1.kept.toLocaleString("en")} of ${fc1.total.toLocaleString("en")} weights kept`).waitFor();
      assert.equal(await inspector.getByText("All weights are there").count(), 0);
      await page.getByRole("button", { name: "Use its settings" }).click();
      const { settings } = await state(page);
      assert.deepEqual([settings.sparsity, settings.seed, settings.recovery], ["0.8", "3", "none"]);
      const again = await save(page, "Compact");
      assert.ok(again.bytes.equals(file.bytes), "opened and saved, it is the same file");
      // Whoever chooses the network gets the one of the page again.
      await page.getByRole("combobox", { name: "Network and images" }).selectOption("lenet-300-100");
      await page.waitForFunction((digest) => {
        const { dense } = document.querySelector("secateur-lab").getState();
        return dense && dense.digest !== digest;
      }, record.digest);
      await listed.getByRole("button", { pressed: false }).first().waitFor();
      assert.equal(await page.getByText("other weights of this network").count(), 0);
      assert.deepEqual(page.problems, []);
    },
  ],
  [
    "a wrong file is a sentence, and what is open stays",
    { query: "?model=lenet-5" },
    async (page) => {
      await settled(page);
      const before = (await state(page)).dense.digest;
      const given = (name, buffer) => ({ name, mimeType: "", buffer });
      await choose(page, given("holiday.jpg", Buffer.from("no weights at all")));
      await verdict(page).getByText(/holiday\.jpg: not a whole safetensors file/).waitFor();
      const { bytes } = await save(page, "Plain");
      await choose(page, given("half.safetensors", bytes.subarray(0, bytes.length / 2)));
      await verdict(page).getByText(/half\.safetensors: not a whole safetensors file/).waitFor();
      const now = await state(page);
      assert.deepEqual([now.dense.digest, now.engine, now.settings.model], [before, "ready", "lenet-5"]);
      await lab(page).evaluate((element, text) => {
        const carried = new DataTransfer();
        carried.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], "dropped.safetensors"));
        const root = element.shadowRoot.querySelector(".root");
        root.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
      }, bytes.toString("base64"));
      await verdict(page).getByText("dropped.safetensors is open: LeNet-5").waitFor();
      assert.deepEqual(page.problems, []);
    },
  ],
]);
