// Who pays for the cut: accuracy of each class before and after.

import { html, type TemplateResult } from "lit";
import { count, percent } from "../format.js";
import { change, classPlot } from "../plots/classes.js";
import { shownRecord } from "../select.js";
import type { Context } from "./context.js";

export function classesView(ctx: Context): TemplateResult {
  const record = shownRecord(ctx.state);
  const classes = record?.classes ?? [];
  const height = 70 + 26 * Math.max(classes.length, 6);
  return html`<secateur-figure
    .heading=${"Accuracy by class"}
    .note=${"Open ring: before the cut. Filled: after; a triangle where it fell. Few images a class: a point or two is chance."}
    .file=${"secateur-classes"}
    .height=${height}
    .label=${"Accuracy of each class before and after the cut"}
    .empty=${classes.length ? undefined : "After a run: how each class fared. An average can hide a class that was lost."}
    .deps=${[record]}
    .table=${{
      columns: [
        { label: "Class" },
        { label: "Images", numeric: true },
        { label: "Before", numeric: true },
        { label: "After", numeric: true },
        { label: "Change, points", numeric: true },
      ],
      rows: classes.map((row) => [
        row.label,
        count(row.n),
        percent(row.before),
        percent(row.after),
        change(row.after - row.before),
      ]),
    }}
    .draw=${(width: number) => classPlot(classes, width, height)}
  ></secateur-figure>`;
}
