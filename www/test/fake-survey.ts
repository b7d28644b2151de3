// A made-up survey with the true one's form: six layers, four ways to cut, in the engine's order.

import type { LabEvent, Stage, Survey, SurveyRow } from "../types.js";

const LAYERS = [
  { layer: "conv3-64-14", layer_name: "3x3 convolution, 64 channels, 14 x 14", pixels: 196, weights: 36864, us: 190 },
  { layer: "conv3-32-28", layer_name: "3x3 convolution, 32 channels, 28 x 28", pixels: 784, weights: 9216, us: 210 },
  { layer: "conv3-96-7", layer_name: "3x3 convolution, 96 channels, 7 x 7", pixels: 49, weights: 82944, us: 140 },
  { layer: "conv1-128-14", layer_name: "1x1 convolution, 128 channels, 14 x 14", pixels: 196, weights: 16384, us: 88 },
  { layer: "conv1-256-7", layer_name: "1x1 convolution, 256 channels, 7 x 7", pixels: 49, weights: 65536, us: 104 },
  { layer: "linear-784-300", layer_name: "Linear layer, 784 to 300, one example", pixels: 0, weights: 235200, us: 41 },
];
/** What each way costs beyond the share of arithmetic that is left. */
const SERIES = [
  { series: "single weights", start: 1.75, floor: 0.03 },
  { series: "blocks 4x1", start: 1.2, floor: 0.035 },
  { series: "2:4", start: 1.7, floor: 0.05 },
  { series: "whole channels", start: 1.02, floor: 0.012 },
];
const SHARES = [0.2, 0.35, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98];

const phases: Stage[] = LAYERS.map(({ layer_name, pixels }) => ({
  kind: "measure",
  label: layer_name,
  steps: pixels ? 25 : 24,
}));

/** One slice a point, as the engine has it. */
export function* fakeSurvey(random: () => number): Generator<LabEvent[]> {
  const rows: SurveyRow[] = [];
  yield [{ type: "timeline", phases }];
  for (const [index, shape] of LAYERS.entries()) {
    let done = 0;
    yield [{ type: "phase", index, label: shape.layer_name, kind: "measure" }];
    for (const way of SERIES) {
      if (way.series === "2:4" && !shape.pixels) continue;
      for (const sparsity of way.series === "2:4" ? [0.5] : SHARES) {
        const row = point(shape, way, index, sparsity, random());
        rows.push(row);
        done++;
        yield [
          { type: "measured", row },
          { type: "progress", phase: index, done, total: phases[index]!.steps },
        ];
      }
    }
  }
  const survey: Survey = {
    rows,
    peak_gflops: 41.6,
    timer_step_us: 5,
    threads: 1,
    relaxed_simd: false,
    simd: "wasm32, 128-bit SIMD",
    isolated: true,
    seconds: 10.4,
  };
  yield [{ type: "survey", survey }];
  yield [{ type: "done" }];
}

function point(
  { us, ...shape }: (typeof LAYERS)[number],
  way: (typeof SERIES)[number],
  index: number,
  sparsity: number,
  chance: number,
): SurveyRow {
  const burden = way.start * (1 + 0.07 * index * (way.series === "single weights" ? 1 : 0.3));
  const ratio = (1 / (way.floor + burden * (1 - sparsity))) * (0.97 + 0.06 * chance);
  const wide = 0.02 + 0.05 * chance;
  return {
    ...shape,
    executor: "cpu",
    series: way.series,
    sparsity,
    us: us / ratio,
    dense_us: us,
    ratio,
    low: ratio * (1 - wide),
    high: ratio * (1 + wide),
    kernel: way.series === "whole channels" ? "dense direct" : `sparse ${way.series}`,
  };
}
