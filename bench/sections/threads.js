// Threads: a network's plan on all cores against its plan on one, in a worker, for only workers may wait for each other.
import { network, patterns } from "../cases.js";
import { median } from "../measure.js";
import { cut, interval, left, right, table, time, times } from "../table.js";

export const title = "Threads";
const cases = [
  network("resnet14", "element", 0),
  network("vgg-small", "element", 0),
  network("resnet14", "element", 0, 64),
  network("resnet14", "element", 0.9, 64),
  network("resnet14", "element", 0.9),
];
export const jobs = cases.map((one) => ({ ...one, name: `threads ${one.name}, batch ${one.batch} ${cut(one)}` }));

/** The worker with the engine whose memory threads share, started for the first job. */
let worker;

export async function run(job, kit) {
  worker ??= new Worker("threads-worker.js", { type: "module" });
  const file = await kit.weights(job.id);
  const answer = new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data));
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  worker.postMessage({ job, file, pattern: patterns[job.pattern], step: kit.step });
  const { one, all, threads } = await answer;
  const gain = kit.ratio(one, all);
  const { id, sparsity, batch, pattern } = job;
  const row = { section: "threads", name: job.name, what: id, batch, pattern, sparsity, threads, gain };
  return { rows: [{ ...row, one: median(one), all: median(all) }], line: `${times(gain)} on ${threads} threads` };
}

const columns = [
  left("what", (row) => row.what),
  right("batch", (row) => `${row.batch}`),
  left("cut", cut),
  right("one thread", (row) => time(row.one)),
  right("threads", (row) => `${row.threads}`),
  right("time", (row) => time(row.all)),
  right("gain", (row) => times(row.gain)),
  right("95% interval", (row) => interval(row.gain)),
];

export const text = (rows) => table(columns, rows);
