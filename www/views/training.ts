// Loss and accuracy of the training, live or as the shown run had them.

import { html, nothing, type TemplateResult } from "lit";
import { styled } from "../elements/styled.js";
import { curvePlot, isHeld, type Held } from "../plots/curves.js";
import { shownPlot } from "../plots/shown.js";
import { fixed } from "../format.js";
import { completed, runOnPage } from "../select.js";
import { figure, type Table } from "../table.js";
import type { Stage, Shown, TrainPoint } from "../types.js";
import type { Context } from "./context.js";
import { samples } from "./examples.js";

export function trainingView(ctx: Context, height = 220): TemplateResult {
  const { state } = ctx;
  const work = state.work?.job === "run" ? state.work : undefined;
  const run = runOnPage(state);
  const record = run?.record;
  const curve: TrainPoint[] = work ? work.curve : (record?.curve ?? []);
  const accuracy = (work?.accuracy ?? run?.held ?? []).filter(isHeld);
  const steps = trainSteps(work?.phases ?? record?.timeline ?? []);
  const empty = curve.length
    ? undefined
    : work
      ? "Loss and accuracy are drawn from the first training step on."
      : "Loss and accuracy are drawn here while what is left is being trained.";
  if (empty) {
    return html`<div class="unseen" ${styled({ "min-height": `${height + 62}px` })}>
      <h3>Training</h3>
      <p class="note">${empty}</p>
      ${work || record || height > 200 ? nothing : samples(ctx, 12)}
    </div>`;
  }
  const data = state.catalog?.datasets.find((row) => row.id === completed(state).data);
  const among = data?.classes.length ?? 10;
  const nats = `Each mini-batch, and their running mean; in nats, where 0 is sure and right, and guessing among ${inWords(among)} is ${fixed(Math.log(among), 1)}.`;
  const means = accuracy.length ? "Line: running mean; diamonds: held out." : "Each mini-batch, and their running mean.";
  return html`<div class="pair">
      ${chart("loss", "Loss", nats, curve, accuracy, steps, height)}
      ${chart("accuracy", "Accuracy", means, curve, accuracy, steps, height)}
    </div>
    ${height > 200 ? shaped((work ? work.shown : record?.shown) ?? []) : nothing}`;
}

const inWords = (n: number): string => (n === 10 ? "ten" : String(n));

/** What the training presses towards zero, as it goes. */
function shaped(shown: Shown[]): TemplateResult | typeof nothing {
  const what = shown[0]?.histogram.what;
  if (!what) return nothing;
  const rows = shown.flatMap(({ step, histogram: { top, counts } }) =>
    counts.map((count, i) => [step, (top * i) / counts.length, count]),
  );
  const table: Table = { columns: [figure("Step"), figure("From", 4), figure("Count")], rows };
  return html`<secateur-figure
    .heading=${what}
    .note=${"How many there are of each size, each quarter of the training that shapes them; heights are square roots of counts."}
    .file=${"training-shaped"}
    .height=${150}
    .label=${`${what}: how many there are of each size, each quarter of the training`}
    .deps=${[shown]}
    .table=${table}
    .draw=${(width: number) => shownPlot(shown, width, 150)}
  ></secateur-figure>`;
}

const trainSteps = (phases: Stage[]): number =>
  phases.reduce((sum, phase) => sum + (phase.kind === "train" ? phase.steps : 0), 0);

function chart(
  of: "loss" | "accuracy",
  heading: string,
  note: string,
  curve: TrainPoint[],
  accuracy: Held[],
  steps: number,
  height: number,
): TemplateResult {
  const table: Table = {
    columns: [figure("Step"), figure("Loss", 4), figure("Accuracy", 2, "%")],
    rows: curve.map((point) => [point.step, point.loss, 100 * point.accuracy]),
  };
  return html`<secateur-figure
    .heading=${heading}
    .note=${note}
    .file=${`training-${of}`}
    .height=${height}
    .label=${`${heading} against the training step`}
    .deps=${[curve, accuracy, steps]}
    .table=${table}
    .draw=${(width: number) => curvePlot({ curve, accuracy, of, steps, width, height })}
  ></secateur-figure>`;
}
