// ONNX files in the runtimes that the page names: they load, and every test example gets the answer that the record counted.

import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, test } from "node:test";
import { examples, folder, prune, py } from "./lib.mjs";

const packages = createRequire(new URL("../../bench/package.json", import.meta.url));
const place = folder(after);

/** Data set, recipe, and the share of the dense file that the ONNX file may have: sparse initializers cost twelve bytes a weight. */
const RECIPES = [
  ["mnist", "model=lenet-300-100 sparsity=0.95", 0.2],
  ["fashion-mnist", "model=resnet8 sparsity=0.9", 0.45],
  ["fashion-mnist", "model=resnet8 sparsity=0.3", 1.02],
  ["fashion-mnist", "model=mobilenet-small pattern=channel criterion=l1-norm sparsity=0.3", 0.95],
  ["fashion-mnist", "model=vit-small pattern=channel criterion=taylor allocation=layer sparsity=0.5", 0.75],
  ["fashion-mnist", "model=vit-small pattern=branch criterion=magnitude sparsity=0.3", 0.9],
  ["fashion-mnist", "model=resnet8 fusion=low-rank fusion.energy=0.8", 0.65],
  ["fashion-mnist", "model=resnet8 runtime=fbs recovery=fine-tune recovery.steps=10 training.batch=16", 1.3],
  ["austen", "model=char-small sparsity=0.8", 0.8],
];

/** Logits of ONNX Runtime for all examples, and the metadata that it found. */
const PYTHON = `
import json, sys
import numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
x = numpy.fromfile(sys.argv[2], "<f4").reshape([-1] + json.loads(sys.argv[4]))
y = numpy.concatenate([session.run(None, {"input": part})[0] for part in numpy.array_split(x, 20)])
y.astype("<f4").tofile(sys.argv[3])
print(json.dumps(session.get_modelmeta().custom_metadata_map))
`;

const floats = (bytes) => new Float32Array(new Uint8Array(bytes).buffer);

function hits(logits, labels, classes) {
  const answer = (i) => {
    const row = logits.subarray(classes * i, classes * (i + 1));
    return row.indexOf(Math.max(...row));
  };
  return labels.reduce((right, label, i) => right + (answer(i) === label), 0);
}

async function onTheWeb(file, x, shape) {
  const ort = packages("onnxruntime-web/wasm");
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(new Uint8Array(file), { executionProviders: ["wasm"] });
  const { [session.outputNames[0]]: y } = await session.run({ input: new ort.Tensor("float32", x, shape) });
  return y.data;
}

for (const [data, recipe, share] of RECIPES) {
  test(recipe, async () => {
    const [onnx, input, output] = ["network.onnx", "x", "y"].map((name) => join(place, name));
    const record = prune(onnx, recipe);
    const { x, shape, labels, classes } = examples(data);
    writeFileSync(input, x);
    const said = JSON.parse(py("-c", PYTHON, onnx, input, output, JSON.stringify(shape)));
    assert.equal(said.digest, record.digest);
    assert.match(said.recipe, new RegExp(`model=${record.model}`));
    const native = floats(readFileSync(output));
    const right = Math.round(record.accuracy.after * record.accuracy.n);
    assert.equal(labels.length, record.accuracy.n);
    assert.equal(hits(native, labels, classes), right, "ONNX Runtime counts what the record does");
    const web = await onTheWeb(readFileSync(onnx), x, [x.length / shape.reduce((all, n) => all * n, 1), ...shape]);
    assert.equal(hits(web, labels, classes), right, "and so does ONNX Runtime Web");
    const far = native.reduce((most, y, i) => Math.max(most, Math.abs(y - web[i])), 0);
    assert.ok(far < 1e-3, `the two are ${far} apart`);
    const size = statSync(onnx).size / record.size.bytes_dense;
    assert.ok(size < share, `${size} of the dense file`);
  });
}
