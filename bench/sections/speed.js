// Inference: our plan, our unpruned plan and both peers on the dense model, and the multiply-add peak, all taking turns.
import { cases, patterns } from "../cases.js";
import { costModel, regret } from "../cost-model.js";
import { interleave, median } from "../measure.js";
import * as ort from "../ort.js";
import { cut, interval, left, percent, right, table, time, times } from "../table.js";
import * as tf from "../tf.js";

/** Outputs may differ by this much of the largest one: sums are taken in another order. */
const TOLERANCE = 1e-3;

export const peers = { ort: ort.name, tf: tf.name };
const loaders = {
  ort: (ours, pruned, shape, input) => ort.load(pruned ? ours.pruned() : ours.dense(), shape, input),
  tf: (ours, pruned, shape, input) => tf.load(ours.described(pruned), shape, input),
};

/** The peers that a job has, with how they load a network. */
const loadersOf = (job) => Object.entries(loaders).filter(([id]) => job.peers?.includes(id) ?? true);

export const title = "Inference";
export const jobs = cases.map((one) => ({ ...one, what: one.name, name: `${one.name}${batch(one)} ${cutting(one)}` }));

function batch(one) {
  return one.kind === "network" ? `, batch ${one.batch}` : "";
}

function cutting(one) {
  return one.sparsity === 0 ? "unpruned" : `${one.pattern} ${Math.round(100 * one.sparsity)}%`;
}

export async function run(job, kit) {
  const ours = await open(job, kit);
  const shape = [...ours.shape()];
  const input = ours.input();
  const error = await difference(job, ours, shape, input);
  const theirs = {};
  for (const [id, load] of loadersOf(job)) theirs[id] = await load(ours, false, shape, input);
  const work = { ours: (times) => ours.run(times), peak: kit.peak };
  for (const [id, peer] of Object.entries(theirs)) work[id] = peer.run;
  if (job.sparsity > 0) work.own = (times) => ours.run_own(times);
  const series = await interleave(Object.values(work), kit.step);
  const samples = Object.fromEntries(Object.keys(work).map((side, i) => [side, series[i]]));
  for (const peer of Object.values(theirs)) await peer.release();
  const ms = Object.fromEntries(Object.entries(samples).map(([side, s]) => [side, median(s)]));
  const vs = (side) => (samples[side] ? kit.ratio(samples[side], samples.ours) : undefined);
  // Multiply-adds of one run over those that the peak does in the same time.
  const share = kit.scale(kit.ratio(samples.peak, samples.ours), ours.macs() / kit.peakMacs);
  const row = {
    section: "speed",
    name: job.name,
    ...{ what: job.what, kind: job.kind, of: job.of },
    ...{ pattern: job.pattern, sparsity: job.sparsity, batch: job.batch ?? 1 },
    ms,
    vs: { ort: vs("ort"), tf: vs("tf"), own: vs("own") },
    share,
    macs: ours.macs(),
    theoretical: ours.macs_dense() / ours.macs(),
    peak_gmacs: kit.peakMacs / ms.peak / 1e6,
    choices: JSON.parse(ours.choices()),
    samples: samples.ours.length,
    error,
  };
  ours.free();
  const gain = (id) => `${row.vs[id].value.toFixed(2)}x ${id}`;
  return { rows: [row], line: Object.keys(row.vs).filter((id) => row.vs[id]).map(gain).join(", ") };
}

async function open(job, kit) {
  const pattern = patterns[job.pattern];
  if (job.kind === "layers") {
    return kit.Bench.layers(Uint32Array.from(job.channels), job.kernel, job.size, pattern, job.sparsity);
  }
  return kit.Bench.model(job.id, await kit.weights(job.id), pattern, job.sparsity, job.batch);
}

/** How far our answers are from the peers' on the pruned model, relative to the largest. A large one is an error. */
async function difference(job, ours, shape, input) {
  ours.run(1);
  const mine = ours.output();
  const apart = {};
  for (const [id, load] of loadersOf(job)) {
    const pruned = await load(ours, true, shape, input);
    await pruned.run(1);
    const theirs = pruned.output();
    if (mine.length !== theirs.length) throw new Error(`${mine.length} outputs here, ${theirs.length} from ${peers[id]}`);
    const largest = theirs.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-6);
    apart[id] = theirs.reduce((most, x, i) => Math.max(most, Math.abs(x - mine[i])), 0) / largest;
    await pruned.release();
    if (!(apart[id] < TOLERANCE)) {
      throw new Error(`our outputs are ${apart[id]} from those of ${peers[id]}, more than ${TOLERANCE}`);
    }
  }
  return apart;
}

const columns = [
  left("what", (row) => row.what),
  right("batch", (row) => `${row.batch}`),
  left("cut", cut),
  right("ours", (row) => time(row.ms.ours)),
  right("vs ORT", (row) => times(row.vs.ort)),
  right("95% interval", (row) => interval(row.vs.ort)),
  right("vs TF.js", (row) => times(row.vs.tf)),
  right("95% interval", (row) => interval(row.vs.tf)),
  right("vs own dense", (row) => times(row.vs.own)),
  right("of dense rate", (row) => (row.vs.own ? `${Math.round((100 * row.vs.own.value) / row.theoretical)} %` : "")),
  right("of peak", (row) => percent(row.share)),
  right("regret", (row) => (row.choices.length ? regret(row.choices).mean.toFixed(2) : "")),
];

export const text = (rows) => [table(columns, rows), ...costModel(rows)].join("\n\n");
