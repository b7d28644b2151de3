// Training: steps on batches of 64 images, ours against TensorFlow.js, and a sparse network against the dense one.
import { interleave, median } from "../measure.js";
import { interval, left, right, table, time, times } from "../table.js";
import { missing, train } from "../tf-train.js";

const BATCH = 64;
/** Steps of a pass over the 60,000 images of our data sets. */
const EPOCH = Math.ceil(60000 / BATCH);

const peer = (id, backend) => ({ name: `training ${id}, against tfjs ${backend}`, id, backend });
const sparse = (id, sparsity) => ({ name: `training ${id}, ${100 * sparsity}% cut against dense`, id, sparsity });

export const title = "Training";
export const jobs = [
  ...["lenet-5", "resnet8"].flatMap((id) => [peer(id, "cpu"), peer(id, "wasm")]),
  peer("lenet-300-100", "wasm"),
  sparse("resnet8", 0.9),
];

export async function run(job, kit) {
  const ours = new kit.BenchTraining(job.id, 0, BATCH);
  const other = job.backend ? await opponent(job, ours.parameters()) : pruned(job, kit);
  const row = { section: "training", name: job.name, id: job.id, backend: job.backend, sparsity: job.sparsity };
  if (other.missing) {
    ours.free();
    return { rows: [{ ...row, missing: other.missing }], line: `no ${other.missing.join(", ")}` };
  }
  const few = { least: 2, most: 15, within_ms: 5000 };
  const [mine, theirs] = await interleave([(times) => ours.step(times), other.step], kit.step, few);
  ours.free();
  other.release();
  // A sparse run is measured against the dense one; a peer against us.
  const [slow, fast] = job.backend ? [theirs, mine] : [mine, theirs];
  const done = {
    ...row,
    ours_ms: median(mine),
    other_ms: median(theirs),
    ours_epoch_s: (EPOCH * median(mine)) / 1e3,
    other_epoch_s: (EPOCH * median(theirs)) / 1e3,
    gain: kit.ratio(slow, fast),
    samples: mine.length,
  };
  return { rows: [done], line: `${done.gain.value.toFixed(2)}x` };
}

async function opponent({ id, backend }, parameters) {
  const lacking = missing(id, backend);
  if (lacking.length > 0) return { missing: lacking };
  const theirs = await train(id, backend, BATCH);
  if (theirs.parameters !== parameters) throw new Error(`${id}: ${theirs.parameters} parameters there, ${parameters} here`);
  return theirs;
}

function pruned({ id, sparsity }, kit) {
  const network = new kit.BenchTraining(id, sparsity, BATCH);
  return { step: (times) => network.step(times), release: () => network.free() };
}

const columns = [
  left("what", (row) => row.name),
  right("our dense step", (row) => time(row.ours_ms)),
  right("the other's step", (row) => (row.missing ? `lacks ${row.missing.join(", ")}` : time(row.other_ms))),
  right("our dense epoch", (row) => (row.missing ? "" : `${row.ours_epoch_s.toFixed(0)} s`)),
  right("the other's epoch", (row) => (row.missing ? "" : `${row.other_epoch_s.toFixed(0)} s`)),
  right("gain", (row) => times(row.gain)),
  right("95% interval", (row) => (row.gain ? interval(row.gain) : "")),
];

export const text = (rows) => table(columns, rows);
