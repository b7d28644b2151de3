// Break-even: the page's own survey of this machine, and from which sparsity on each layer gains on its fastest dense kernel.
import { breakEven, layersOf } from "/page/survey.js";
import { left, right, table } from "../table.js";

export const title = "Break-even";
export const jobs = [{ name: "break-even" }];

/** How long the survey works before it tells what it has, in milliseconds. */
const SLICE_MS = 100;

export async function run(_, kit) {
  const lab = new kit.Lab();
  lab.start("survey", {});
  let survey;
  while (!survey) survey = lab.advance(SLICE_MS).find((event) => event.type === "survey")?.survey;
  lab.free();
  const rows = layersOf(survey.rows).flatMap(({ name, series }) =>
    series.map(({ name: cut, rows }) => ({
      section: "break-even",
      name: `${name}, ${cut}`,
      layer: name,
      cut,
      pixels: rows[0].pixels,
      found: breakEven(rows),
    })),
  );
  return { rows, line: `${survey.rows.length} points in ${survey.seconds.toFixed(0)} s` };
}

const percent = (at) => `${Math.round(100 * at)} %`;
const words = {
  from: ({ at }) => percent(at),
  always: ({ at }) => `below ${percent(at)}`,
  between: ({ at, to }) => `${percent(at)} to ${percent(to)} only`,
  never: () => "never",
  point: ({ row }) => `${row.ratio.toFixed(2)}x at ${percent(row.sparsity)}`,
};

const columns = [
  left("layer", (row) => row.layer),
  left("cut", (row) => row.cut),
  right("gains from", ({ found }) => words[found.kind](found)),
];

export const text = (rows) => table(columns, rows);
