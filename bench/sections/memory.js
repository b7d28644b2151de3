// Memory of a plan: its buffers and packed weights, over the model and its two largest activations.
import { patterns } from "../cases.js";
import { left, right, table } from "../table.js";
import { zoo } from "../zoo.js";

export const title = "Memory of a plan";
export const jobs = zoo.map((id) => ({ name: `memory ${id}`, id }));

export async function run(job, kit) {
  const rows = [];
  for (const sparsity of [0, 0.9]) {
    const ours = kit.Bench.model(job.id, await kit.weights(job.id), patterns.element, sparsity, 1);
    const [buffers, packed, model, activations] = ours.memory();
    ours.free();
    const name = `${job.id} ${sparsity ? "element 90%" : "unpruned"}`;
    const ratio = (buffers + packed) / (model + activations);
    rows.push({ section: "memory", name, id: job.id, sparsity, buffers, packed, model, activations, ratio });
  }
  return { rows, line: rows.map((row) => `${row.ratio.toFixed(2)}x`).join(", ") };
}

const mega = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

const columns = [
  left("what", (row) => row.name),
  right("buffers", (row) => mega(row.buffers)),
  right("packed weights", (row) => mega(row.packed)),
  right("model", (row) => mega(row.model)),
  right("two activations", (row) => mega(row.activations)),
  right("ratio", (row) => `${row.ratio.toFixed(2)}x`),
];

export const text = (rows) => table(columns, rows);
