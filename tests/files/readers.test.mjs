// The readers of docs/ against files that the command line writes: the same numbers, masks and words as the plain file has.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { read } from "../../docs/read-compact.mjs";
import { folder, plain, prune, py, secateur } from "./lib.mjs";

const RECIPES = [
  "model=resnet8 sparsity=0.9",
  "model=lenet-5 sparsity=0.03",
  "model=lenet-300-100 pattern=block sparsity=0.8",
  "model=resnet8 pattern=n:m allocation=layer",
  "model=mobilenet-small pattern=channel criterion=l1-norm sparsity=0.4",
  "model=lenet-5 pattern=row criterion=l2-norm allocation=layer sparsity=0.5",
  "model=resnet8 fusion=kmeans sparsity=0.8",
  "model=lenet-300-100 fusion=kmeans fusion.bits=2 sparsity=0",
];

const place = folder(after);

/** What the reader in Python makes of a file, as plain data. */
const PYTHON = `
import json, sys
sys.path.insert(0, "docs")
import read_compact
weights, masks, about = read_compact.read(sys.argv[1])
hexed = lambda arrays, to: {name: [list(a.shape), a.astype(to).tobytes().hex()] for name, a in arrays.items()}
print(json.dumps({"weights": hexed(weights, "<f4"), "masks": hexed(masks, "u1"), "about": about}))
`;

const hex = (numbers) => Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString("hex");

for (const [index, recipe] of RECIPES.entries()) {
  test(recipe, () => {
    const [small, whole] = ["compact.safetensors", "safetensors"].map((suffix) => join(place, `${index}.${suffix}`));
    const record = prune(small, recipe);
    prune(whole, recipe);
    assert.equal(readFileSync(small).length, record.size.bytes_stored);
    const { weights, about } = plain(whole);
    const js = read(readFileSync(small));
    const fromPython = JSON.parse(py("-c", PYTHON, small));
    assert.deepEqual(Object.keys(js.weights).sort(), Object.keys(weights).sort());
    for (const [name, { shape, values }] of Object.entries(weights)) {
      assert.deepEqual(js.weights[name].shape, shape, name);
      assert.equal(hex(js.weights[name].values), hex(values), name);
      assert.deepEqual(fromPython.weights[name], [shape, hex(values)], name);
    }
    assert.equal(Object.keys(js.masks).length > 0, !/channel|sparsity=0$/.test(recipe));
    for (const [name, mask] of Object.entries(js.masks)) {
      assert.equal(fromPython.masks[name][1], hex(mask), name);
      const row = record.layers.find((layer) => `${layer.name}.weight` === name);
      // Biases that go with their rows have masks too, and no row of their own.
      if (row || name.endsWith(".weight")) assert.equal(mask.filter((kept) => kept).length, row.kept, name);
      assert.ok(weights[name].values.every((x, i) => mask[i] || Object.is(x, 0)), `${name}: what is cut is zero`);
    }
    const { masks: _, codes: coded, version, ...said } = js.about;
    assert.deepEqual([{ ...said, version: "1" }, version], [about, coded ? "2" : "1"]);
    assert.equal(coded !== undefined, recipe.includes("kmeans"));
    assert.deepEqual(fromPython.about, js.about);
    assert.equal(said.digest, record.digest);
    assert.deepEqual(Object.fromEntries(said.recipe.split(" ").map((pair) => pair.split("="))), record.recipe);
  });
}

test("both read plain files, too, and refuse positions that are cut short", () => {
  const file = "www/assets/models/lenet-5.safetensors";
  const { weights, masks, about } = read(readFileSync(file));
  const fromPython = JSON.parse(py("-c", PYTHON, file));
  assert.deepEqual([masks, about, fromPython.masks, fromPython.about], [{}, {}, {}, {}]);
  assert.equal(fromPython.weights["fc2.bias"][1], hex(weights["fc2.bias"].values));
  const small = join(place, "0.compact.safetensors");
  const bytes = readFileSync(small);
  const cut = join(place, "cut.compact.safetensors");
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString());
  bytes.fill(0, bytes.length - header.positions.shape[0]);
  writeFileSync(cut, bytes);
  assert.throws(() => read(bytes), /cut short/);
  assert.throws(() => py("docs/read_compact.py", cut), /IndexError/);
  assert.throws(() => secateur("prune", "--weights", cut, "sparsity=0.9"), /positions of the kept weights are damaged/);
});

test("the command line says what a file holds, takes its network from it, and finds out a bad name before it runs", () => {
  const small = join(place, "0.compact.safetensors");
  const again = join(place, "again.compact.safetensors");
  const { stderr } = secateur("prune", "--weights", small, "recovery=none", "executor=cpu", "sparsity=0.95", "--out", again);
  const { digest, recipe } = read(readFileSync(small)).about;
  for (const said of ["resnet8", digest, recipe, "It is pruned already"]) assert.ok(stderr.includes(said), said);
  assert.equal(read(readFileSync(again)).about.source, digest, "it says which weights were cut");
  assert.throws(() => secateur("prune", "model=lenet-5", "--weights", small), /the file is of resnet8, not of lenet-5/);
  const start = performance.now();
  assert.throws(() => secateur("prune", "recovery.steps=20000", "--out", "network.pt"), /unknown kind of file.*\.onnx/);
  assert.ok(performance.now() - start < 5000, "it was not run first");
});
