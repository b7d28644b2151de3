// Patterns that promise faster kernels, against single weights at the same sparsity, all in one measurement.
import { layers, patterns } from "../cases.js";
import { interleave, median } from "../measure.js";
import { cut, interval, left, right, table, time, times } from "../table.js";

const SHAPES = [
  ["ResNet-18", 3, [64], 28],
  ["MobileNet", 1, [128], 14],
];
const SPARSITIES = [0.5, 0.7, 0.9];

export const title = "Patterns against single weights";
export const jobs = SHAPES.flatMap((shape) =>
  SPARSITIES.map((sparsity) => {
    const one = layers(...shape, "element", sparsity);
    return { ...one, name: `patterns ${one.name} ${Math.round(100 * sparsity)}%`, what: one.name };
  }),
);

export async function run(job, kit) {
  // Two of four is half, whatever is asked for.
  const names = ["element", "block 4x1", "block 2x1", "block 1x4", ...(job.sparsity === 0.5 ? ["2:4"] : [])];
  const plans = names.map((name) =>
    kit.Bench.layers(Uint32Array.from(job.channels), job.kernel, job.size, patterns[name], job.sparsity),
  );
  const sides = plans.map((plan) => (times) => plan.run(times));
  const series = await interleave([...sides, (times) => plans[0].run_own(times)], kit.step);
  const rows = names.map((pattern, i) => ({
    section: "patterns",
    name: `${pattern}, ${job.what} ${Math.round(100 * job.sparsity)}%`,
    ...{ what: job.what, pattern, sparsity: job.sparsity },
    ms: median(series[i]),
    element: kit.ratio(series[0], series[i]),
    own: kit.ratio(series.at(-1), series[i]),
    kernels: [...new Set(JSON.parse(plans[i].choices()).map((choice) => choice.kernel))].join(", "),
  }));
  plans.forEach((plan) => plan.free());
  return { rows, line: rows.slice(1).map((row) => `${row.pattern} ${row.element.value.toFixed(2)}x`).join(", ") };
}

const columns = [
  left("what", (row) => row.what),
  left("cut", cut),
  right("time", (row) => time(row.ms)),
  right("vs element", (row) => times(row.element)),
  right("95% interval", (row) => interval(row.element)),
  right("vs own dense", (row) => times(row.own)),
  left("kernels", (row) => row.kernels),
];

export const text = (rows) => table(columns, rows);
