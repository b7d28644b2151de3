// What the cost model would have cost: time of the kernel that it predicts over that of the kernel that measurement chose.
import { geometric } from "./measure.js";

/** Regret over layers: geometric mean and worst. */
export function regret(choices) {
  const each = choices.map((choice) => ({ ...choice, regret: choice.predicted_us / choice.us }));
  const worst = each.reduce((a, b) => (b.regret > a.regret ? b : a));
  return { mean: geometric(each.map((choice) => choice.regret)), worst, count: each.length };
}

/** The regret over all layers of some rows, in paragraphs. */
export function costModel(rows) {
  const choices = rows.flatMap((row) => row.choices.map((choice) => ({ ...choice, row: row.name })));
  if (choices.length === 0) return [];
  const { mean, worst, count } = regret(choices);
  return [
    "### Cost model",
    `Time of the predicted kernel over that of the measured one: ${mean.toFixed(3)} in the geometric mean of ${count} layers, ` +
      `${worst.regret.toFixed(2)} at worst (${worst.row}, ${worst.layer}: ${worst.predicted} in place of ${worst.kernel}).`,
  ];
}
