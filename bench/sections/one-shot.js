// One-shot pruning: evidence, scores, allocation and masks for 90% of the weights of a network.
import { interleave } from "../measure.js";
import { interval, left, right, table, time } from "../table.js";
import { zoo } from "../zoo.js";

/** Images that a criterion looks at: one batch, and what the product asks for by default. */
const CALIBRATIONS = [64, 256];
const CRITERIA = ["magnitude", "snip", "taylor"];

export const title = "One-shot pruning";
export const jobs = zoo.map((id) => ({ name: `one-shot ${id}`, id }));

export async function run(job, kit) {
  const rows = [];
  for (const criterion of CRITERIA) {
    for (const images of criterion === "magnitude" ? [0] : CALIBRATIONS) {
      const pruning = new kit.BenchPruning(job.id, await kit.weights(job.id), images);
      const few = { least: 3, most: 9, within_ms: 600 };
      const [samples] = await interleave([(times) => pruning.run(criterion, times)], kit.step, few);
      const kept = pruning.run(criterion, 1);
      pruning.free();
      const ms = kit.ratio(samples, samples.map(() => 1));
      const name = `${job.id}, ${criterion}${images ? `, ${images} images` : ""}`;
      rows.push({ section: "one-shot", name, id: job.id, criterion, images, kept, ms });
    }
  }
  return { rows, line: rows.map((row) => `${row.criterion} ${row.ms.value.toFixed(1)} ms`).join(", ") };
}

const columns = [
  left("network", (row) => row.id),
  left("criterion", (row) => row.criterion),
  right("images", (row) => `${row.images}`),
  right("time", (row) => time(row.ms.value)),
  right("95% interval", (row) => interval(row.ms, 1)),
];

export const text = (rows) => table(columns, rows);
