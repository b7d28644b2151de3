// Intervals: whole runs measured again and again, as a page with a coarse clock does, against what a fine clock gives.
//
// The clock is made coarse by rounding what it says; nothing else differs. A measurement is a run from its beginning: both
// networks are compiled anew, so that chance in the choice of kernels counts.
import { median } from "../measure.js";
import { left, right, table } from "../table.js";

/** Measurements of each kind, and the clock's steps in milliseconds; 0 is the page's own. */
const TIMES = 20;
const STEPS = [0, 0.1, 1];
const RECIPES = {
  "lenet-300-100": { method: "global-magnitude", sparsity: "0.95", recovery: "none", executor: "cpu" },
  resnet8: { method: "global-magnitude", sparsity: "0.9", recovery: "none", executor: "cpu" },
};
/** The data set of each network: a few made-up images will do, for speed does not depend on what they show. */
const DATA = { "lenet-300-100": "mnist", resnet8: "fashion-mnist" };

export const title = "Intervals";
export const jobs = Object.keys(RECIPES).map((id) => ({ name: `intervals ${id}`, id }));

export async function run(job, kit) {
  const weights = await kit.weights(job.id);
  const measured = {};
  for (const step of STEPS) {
    const restore = coarsen(step);
    try {
      const of = { run: [], baseline: [] };
      for (let i = 0; i < TIMES; i++) {
        for (const kind of Object.keys(of)) of[kind].push(await measure(kit, job.id, weights, kind));
      }
      measured[step] = of;
      await kit.say(`     ${job.name}, ${step || "own"} ms: ${TIMES} runs and ${TIMES} baselines`);
    } finally {
      restore();
    }
  }
  const truth = median(measured[0].run.map(({ ratio }) => ratio));
  const rows = STEPS.map((step) => {
    const { run, baseline } = measured[step];
    return {
      section: "intervals",
      name: `intervals ${job.id}, ${step || "own"} ms`,
      ...{ what: job.id, step, truth },
      held: run.filter(({ low, high }) => low <= truth && truth <= high).length,
      same: baseline.filter(({ low, high }) => low <= 1 && 1 <= high).length,
      of: TIMES,
      ratios: run.map(({ ratio }) => ratio),
      // The middle of each interval: the record itself calls a network as fast as itself.
      selves: baseline.map(({ low, high }) => Math.sqrt(low * high)),
      width: median(run.map(({ low, high, ratio }) => (high - low) / ratio)),
      seconds: median(run.map(({ seconds }) => seconds)),
      layers: spread(run.map(({ layers }) => layers)),
    };
  });
  return { rows, line: rows.map(({ step, held, same, of }) => `${step || "own"} ms: ${held} and ${same} of ${of}`).join("; ") };
}

/** The page's clock with a step; gives what takes it back. */
function coarsen(step) {
  if (!step) return () => {};
  const own = performance.now.bind(performance);
  performance.now = () => Math.floor(own() / step) * step;
  return () => delete performance.now;
}

/** One measurement as the page makes it. */
async function measure(kit, id, weights, kind) {
  const lab = new kit.Lab();
  try {
    lab.open(id, weights);
    lab.data(DATA[id], "test", ...images(20));
    const started = Date.now();
    lab.start(kind, RECIPES[id]);
    for (;;) {
      const events = await lab.advance(50);
      const result = events.find(({ type }) => type === "result");
      if (result) {
        const { speed, layers } = result.record;
        return { ...speed, seconds: (Date.now() - started) / 1000, layers: layers.map((layer) => layer.pruned_us) };
      }
      await new Promise((go) => setTimeout(go));
    }
  } finally {
    lab.free();
  }
}

/** Grey images and labels as IDX files. */
function images(n) {
  const head = (...extents) => [0, 0, 8, extents.length, ...extents.flatMap((extent) => [0, 0, extent >> 8, extent & 255])];
  const pixels = Array.from({ length: n * 784 }, (_, i) => (i * 37) % 256);
  return [Uint8Array.from([...head(n, 28, 28), ...pixels]), Uint8Array.from([...head(n), ...Array(n).fill(1)])];
}

/** How far times of single layers are apart from measurement to measurement: the widest middle half, relative. */
function spread(all) {
  const layers = all[0].map((_, i) => all.map((times) => times[i]).sort((a, b) => a - b));
  const quarter = Math.floor(all.length / 4);
  return Math.max(...layers.map((sorted) => (sorted.at(-1 - quarter) - sorted[quarter]) / median(sorted)));
}

const columns = [
  left("what", (row) => row.what),
  right("clock's step", (row) => (row.step ? `${row.step} ms` : "own")),
  right("median ratio", (row) => median(row.ratios).toFixed(2)),
  right("fine clock's", (row) => row.truth.toFixed(2)),
  right("held by", (row) => `${row.held} of ${row.of}`),
  right("1.0 held against itself", (row) => `${row.same} of ${row.of}`),
  right("off 1.0 at most", (row) => `${Math.max(...row.selves.map((ratio) => 100 * Math.abs(ratio - 1))).toFixed(1)} %`),
  right("width", (row) => `${Math.round(100 * row.width)} %`),
  right("layers apart", (row) => `${Math.round(100 * row.layers)} %`),
  right("seconds a run", (row) => row.seconds.toFixed(1)),
];

export const text = (rows) => table(columns, rows);
