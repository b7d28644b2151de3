// Memory of a plan: its buffers and packed weights, over the model and its two largest activations.
import { patterns } from "../cases.js";
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
