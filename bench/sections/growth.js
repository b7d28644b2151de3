// How compiling and running a pruned layer grow with its weights: the slope of a line through log time over log non-zeros.
import { interleave, median } from "../measure.js";
import { right, table, time } from "../table.js";

/** Channels of a 1x1 layer: its weights go from a thousand to ten million. */
const CHANNELS = [32, 100, 316, 1000, 3162];

export const title = "Growth with the number of weights";
export const jobs = [{ name: "growth" }];

export async function run(_, kit) {
  const points = [];
  for (const channels of CHANNELS) {
    const layer = new kit.BenchGrowth(channels);
    const [compile, run] = await interleave(
      [(times) => layer.compile(times), (times) => layer.run(times)],
      kit.step,
      { least: 3, most: 9, within_ms: 1500 },
    );
    points.push({ weights: channels ** 2, nonzeros: layer.nonzeros(), compile_ms: median(compile), run_ms: median(run) });
    layer.free();
  }
  const fit = (of) => slope(points.map((p) => Math.log(p.nonzeros)), points.map((p) => Math.log(of(p))));
  const slopes = {
    compile: fit((p) => p.compile_ms),
    run: fit((p) => p.run_ms),
    both: fit((p) => p.compile_ms + p.run_ms),
  };
  const row = { section: "growth", name: "1x1 layer on 8x8 pixels, 90% of single weights cut", points, slopes };
  return { rows: [row], line: `slopes: compile ${slopes.compile.toFixed(2)}, run ${slopes.run.toFixed(2)}` };
}

/** Least squares. */
function slope(x, y) {
  const mean = (values) => values.reduce((a, b) => a + b) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const products = (a, b, ma, mb) => a.reduce((sum, v, i) => sum + (v - ma) * (b[i] - mb), 0);
  return products(x, y, mx, my) / products(x, x, mx, mx);
}

const columns = [
  right("weights", (point) => `${point.weights}`),
  right("non-zeros", (point) => `${point.nonzeros}`),
  right("compile", (point) => time(point.compile_ms)),
  right("run", (point) => time(point.run_ms)),
];

export const text = (rows) =>
  rows
    .map(({ name, points, slopes }) => {
      const fits = Object.entries(slopes).map(([of, slope]) => `${of} ${slope.toFixed(2)}`);
      return [`${name}:`, table(columns, points), `Log-log slopes: ${fits.join(", ")}.`].join("\n\n");
    })
    .join("\n\n");
