// Files of networks: whose bytes are saved, under which name, and what opening one does to the state.

import assert from "node:assert/strict";
import { test } from "node:test";
import { contents, fileName } from "../file.js";
import { baseline, ofOpenWeights, shownFile, shownRecord, wanted } from "../select.js";
import { initial, type Msg, type OpenedFile, type Run, type State } from "../state.js";
import { update } from "../store.js";
import type { RunRecord, SavedFile } from "../types.js";
import { fakeCatalog } from "./fake-catalog.js";
import { FakeLab } from "./fake-lab.js";

const after = (...messages: Msg[]): State => messages.reduce(update, initial());
const model = (id = "resnet8") => new FakeLab().open(id);
const saved = (byte: number): SavedFile => ({ bytes: new Uint8Array([byte]), sizes: { small: 1, whole: 2 } });
const record = (more: Partial<RunRecord> = {}): RunRecord => {
  const lab = new FakeLab();
  lab.open("resnet8");
  lab.data("fashion");
  lab.start("run", { sparsity: "0.8", "recovery.epochs": "0" });
  for (;;) for (const event of lab.advance(0)) if (event.type === "result") return { ...event.record, ...more };
};
const run = (id: string, file?: SavedFile): Run => ({ id, at: 1, settings: {}, record: record(), ...(file ? { file } : {}) });
const file: OpenedFile = { id: "file 1", name: "mine.small", model: "lenet-5", bytes: new Uint8Array(9) };
const opened: Msg[] = [{ type: "catalog", catalog: fakeCatalog }, { type: "opened", model: model() }];

test("what is saved is the shown run's, whatever was measured or finished since", () => {
  const state = after(
    ...opened,
    { type: "finished", run: run("a", saved(1)) },
    { type: "finished", run: run("b", saved(2)) },
    { type: "baseline", of: "resnet8", record: record({ job: "baseline" }), file: saved(3) },
    { type: "show", id: "a" },
  );
  assert.equal(shownFile(state)?.bytes[0], 1);
  assert.equal(shownFile(update(state, { type: "show", id: undefined }))?.bytes[0], 3, "the open network's");
});

test("a run that was kept without its network has nothing to save, and nothing else is taken in its place", () => {
  const state = after(
    ...opened,
    { type: "baseline", of: "resnet8", record: record({ job: "baseline" }), file: saved(3) },
    { type: "runs", runs: [run("old")] },
    { type: "show", id: "old" },
  );
  assert.ok(shownRecord(state));
  assert.equal(shownFile(state), undefined);
});

test("a file is opened in place of a network, is measured for itself, and ends when a network is chosen", () => {
  const dense = record({ job: "baseline" });
  const before = after(...opened, { type: "finished", run: run("a") });
  const state = [
    { type: "file", file } as const,
    { type: "opened", model: model("lenet-5") } as const,
    { type: "baseline", of: "lenet-5", record: dense } as const,
  ].reduce<State>(update, before);
  assert.equal(state.settings.model, "lenet-5");
  assert.equal(wanted(state)?.file, file);
  assert.notEqual(wanted(state)?.key, wanted(update(state, { type: "set", key: "model", value: "lenet-5" }))?.key);
  assert.equal(baseline(state), undefined, "the shipped weights' figures are not those of the file");
  assert.equal(shownRecord(state), undefined);
  const measured = update(state, { type: "baseline", of: file.id, record: dense });
  assert.ok(baseline(measured));
  assert.equal(wanted(update(measured, { type: "set", key: "model", value: "resnet8" }))?.file, undefined);
});

test("runs of other weights are not set beside those of the open ones", () => {
  const shipped = model();
  const other = { ...shipped, digest: "of a file" };
  const { source: _, ...old } = record();
  const beside = (state: State, of: RunRecord) => ofOpenWeights(state, of);
  const own = after(...opened, { type: "finished", run: run("a") });
  assert.ok(beside(own, record({ source: shipped.digest })));
  assert.ok(beside(own, old as RunRecord), "kept by an earlier version");
  assert.ok(!beside(own, record({ source: other.digest })));
  assert.ok(!beside(own, record({ model: "lenet-5", source: shipped.digest })));

  const here = { ...file, model: shipped.id };
  const state = [{ type: "file", file: here } as const, { type: "opened", model: other } as const].reduce<State>(update, own);
  assert.ok(!beside(state, record({ source: shipped.digest })));
  assert.ok(!beside(state, old as RunRecord));
  assert.ok(beside(state, record({ source: other.digest })));
  assert.equal(shownRecord(update(state, { type: "show", id: "a" })), undefined);
  const back = [{ type: "set", key: "model", value: shipped.id } as const, { type: "opened", model: shipped } as const];
  assert.ok(shownRecord(back.reduce<State>(update, update(state, { type: "show", id: "a" }))));
});

test("names of files tell runs apart and say what is in them", () => {
  const recipe = { ...record().recipe, sparsity: "0.955" };
  const pruned = record({ method: fakeCatalog.methods[0]!.id, recipe, digest: "0123456789abcdef" });
  const name = fileName(fakeCatalog, pruned, { suffix: ".small" });
  assert.equal(name, `resnet8-${fakeCatalog.methods[0]!.id}-95.5-01234567.small`);
  const dense = record({ job: "baseline", digest: "fedcba9876543210" });
  assert.equal(fileName(fakeCatalog, dense, { suffix: ".whole" }), "resnet8-dense-fedcba98.whole");
});

test("a file that cannot be read, is too large or never comes is a sentence", async (t) => {
  const given = (more: object) => ({ name: "x.small", size: 3, ...more }) as unknown as File;
  const bytes = await contents(given({ arrayBuffer: async () => new Uint8Array([7]).buffer }));
  assert.deepEqual([...bytes], [7]);
  const gone = given({ arrayBuffer: () => Promise.reject(new Error("it was moved")) });
  await assert.rejects(contents(gone), { kind: "load", message: "x.small could not be read: it was moved." });
  await assert.rejects(contents(given({ size: 1e9 })), { message: "x.small is larger than any network of this page." });
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const silent = assert.rejects(contents(given({ arrayBuffer: () => new Promise(() => {}) })), {
    message: "x.small could not be read: the browser did not answer.",
  });
  t.mock.timers.tick(5000);
  await silent;
});
