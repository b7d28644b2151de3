// Who pays for the cut: accuracy of each class before and after.

import { html, type TemplateResult } from "lit";
import { plural } from "../format.js";
import { classPlot } from "../plots/classes.js";
import { shownRecord } from "../select.js";
import { figure, hundredths, text } from "../table.js";
import type { Context } from "./context.js";

export function classesView(ctx: Context): TemplateResult {
  const record = shownRecord(ctx.state);
  const classes = record?.classes ?? [];
  const unseen = classes.filter((row) => row.before === null || row.after === null).length;
  const height = 70 + 26 * Math.max(classes.length, 6);
  return html`<secateur-figure
    .heading=${"Accuracy by class"}
    .note=${`Open ring: before the cut. Filled: after; a triangle where it fell. Few images a class: a point or two is chance.${unseen ? ` ${plural(unseen, "class", "classes")} without a test image.` : ""}`}
    .file=${"secateur-classes"}
    .height=${height}
    .label=${"Accuracy of each class before and after the cut"}
    .empty=${classes.length ? undefined : record?.text ? "Text has no classes: what both networks write is under Examples." : "After a run: how each class fared. An average can hide a class that was lost."}
    .deps=${[record]}
    .table=${{
      columns: [
        text("Class"),
        figure("Images", 0),
        figure("Before", 1, "%"),
        figure("After", 1, "%"),
        figure("Change", 1, "points"),
      ],
      rows: classes.map((row) => [
        row.label,
        row.n,
        hundredths(row.before),
        hundredths(row.after),
        row.before === null || row.after === null ? null : hundredths(row.after - row.before),
      ]),
    }}
    .draw=${(width: number) => classPlot(classes, width, height)}
  ></secateur-figure>`;
}
