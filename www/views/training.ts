// Loss and accuracy of the training, live or as the shown run had them.

import { html, type TemplateResult } from "lit";
import type { Table } from "../elements/figure.js";
import { styled } from "../elements/styled.js";
import { curvePlot } from "../plots/curves.js";
import { shownRecord } from "../select.js";
import type { AccuracyPoint, Phase, TrainPoint } from "../types.js";
import type { Context } from "./context.js";

export function trainingView(ctx: Context, height = 220): TemplateResult {
  const { state } = ctx;
  const work = state.work?.job === "run" ? state.work : undefined;
  const record = shownRecord(state);
  const curve: TrainPoint[] = work ? work.curve : (record?.curve ?? []);
  const accuracy: AccuracyPoint[] = work?.accuracy ?? [];
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
    </div>`;
  }
  return html`<div class="pair">
    ${figure("loss", "Loss", curve, accuracy, steps, height)}
    ${figure("accuracy", "Accuracy", curve, accuracy, steps, height)}
  </div>`;
}

const trainSteps = (phases: Phase[]): number =>
  phases.reduce((sum, phase) => sum + (phase.kind === "train" ? phase.steps : 0), 0);

function figure(
  of: "loss" | "accuracy",
  heading: string,
  curve: TrainPoint[],
  accuracy: AccuracyPoint[],
  steps: number,
  height: number,
): TemplateResult {
  const table: Table = {
    columns: [
      { label: "Step", numeric: true },
      { label: "Loss", numeric: true },
      { label: "Accuracy", numeric: true },
    ],
    rows: curve.map((point) => [point.step, point.loss.toFixed(4), point.accuracy.toFixed(4)]),
  };
  return html`<secateur-figure
    .heading=${heading}
    .note=${of === "loss" ? "Each mini-batch, and their running mean." : accuracy.length ? "Line: running mean; diamonds: held out." : "Each mini-batch, and their running mean."}
    .file=${`training-${of}`}
    .height=${height}
    .label=${`${heading} against the training step`}
    .deps=${[curve, accuracy, steps]}
    .table=${table}
    .draw=${(width: number) => curvePlot({ curve, accuracy, of, steps, width, height })}
  ></secateur-figure>`;
}
