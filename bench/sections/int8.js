// 8-bit integers: a pruned network's plan on bytes against its plan in floats, both sparse.
import { layers, network, patterns } from "../cases.js";
import { interleave, median } from "../measure.js";
import { cut, interval, left, right, table, time, times } from "../table.js";

export const title = "8-bit integers against floats";
const cases = [
  layers("zoo", 3, [64], 16, "element", 0.9),
  layers("ResNet-18", 3, [64], 56, "element", 0.9),
  layers("ResNet-18", 3, [128], 28, "element", 0.9),
  layers("MobileNet-V2", 1, [96, 576], 14, "element", 0.9),
  network("resnet8", "element", 0.9),
  network("resnet14", "element", 0.9),
  network("vgg-small", "element", 0.9),
  network("mobilenet-small", "element", 0.9),
  network("resnet14", "element", 0),
];
export const jobs = cases.map((one) => ({ ...one, what: one.name, name: `int8 ${one.name} ${cut(one)}` }));

export async function run(job, kit) {
  const pattern = patterns[job.pattern];
  const pair =
    job.kind === "layers"
      ? kit.BenchPair.layers(Uint32Array.from(job.channels), job.kernel, job.size, pattern, job.sparsity)
      : kit.BenchPair.precision(job.id, await kit.weights(job.id), pattern, job.sparsity, job.batch);
  const [float, int8] = await interleave([(n) => pair.run(0, n), (n) => pair.run(1, n)], kit.step);
  pair.free();
  const { what, sparsity } = job;
  const gain = kit.ratio(float, int8);
  const row = { section: "int8", name: job.name, what, pattern: job.pattern, sparsity, gain };
  return { rows: [{ ...row, float: median(float), int8: median(int8) }], line: times(gain) };
}

const columns = [
  left("what", (row) => row.what),
  left("cut", cut),
  right("floats", (row) => time(row.float)),
  right("8-bit integers", (row) => time(row.int8)),
  right("gain", (row) => times(row.gain)),
  right("95% interval", (row) => interval(row.gain)),
];

export const text = (rows) => table(columns, rows);
