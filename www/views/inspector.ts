// The right column: one layer looked at closely.

import { html, nothing, type TemplateResult } from "lit";
import { styled } from "../elements/styled.js";
import { count, micros, percent, sentence, shape } from "../format.js";
import { histogramPlot } from "../plots/histogram.js";
import { shownRecord } from "../select.js";
import { figure } from "../table.js";
import type { LayerInfo, LayerRow } from "../types.js";
import type { LayerPicture } from "../picture.js";
import type { Context } from "./context.js";
import { term } from "./terms.js";

export function inspector(ctx: Context): TemplateResult {
  const { state } = ctx;
  const layer = state.model?.layers.find((each) => each.name === state.layer);
  if (!layer) return html`<section class="inspector" aria-label="Layer"><h2>Layer</h2></section>`;
  const row = shownRecord(state)?.layers.find((each) => each.name === layer.name);
  const now = state.work?.job === "run" ? state.work.masks?.find((each) => each.name === layer.name) : undefined;
  const seen = ctx.picture(layer.name);
  const { kept, total } = now ?? row ?? seenOf(seen?.picture, layer);
  return html`<section class="inspector" aria-label="Layer ${layer.name}">
    <h2>${term("Layer")} <span class="mono">${layer.name}</span></h2>
    <p class="label">
      ${layer.kind}, ${shape(layer.shape)} to ${shape(layer.out)}<br />
      ${count(kept)} of ${count(total)} weights
      kept${now || row || kept < total ? html`, <b>${percent(1 - kept / Math.max(1, total))} cut</b>` : nothing}
    </p>
    ${state.work?.job === "run" ? html`<p class="note">${row ? "Below as the run before left it" : "Below as it was before"}; this run's picture comes at its end.</p>` : nothing}
    ${seen ? pictures(ctx, layer, seen.picture, seen.of) : html`<p class="empty">The weights of this run are no longer at hand; restore it and run again to see them.</p>`}
    ${kernels(row)}
  </section>`;
}

/** What the open network has of a layer: a file that was cut before it was opened does not have all. */
const seenOf = (seen: LayerPicture | undefined, layer: LayerInfo): { kept: number; total: number } =>
  seen ? { kept: seen.kept, total: seen.mask.length } : { kept: layer.parameters, total: layer.parameters };

function pictures(ctx: Context, layer: LayerInfo, seen: LayerPicture, of: "run" | "dense"): TemplateResult {
  const turned = seen.rows > seen.columns;
  const [wide, high] = turned ? [seen.rows, seen.columns] : [seen.columns, seen.rows];
  return html`<h3>${term("Mask")} <span class="faint">${count(high)} × ${count(wide)}</span></h3>
    <secateur-mask
      .picture=${seen}
      .tone=${ctx.state.theme}
      .label=${`Mask of ${layer.name}: ${seen.rows} output units by ${seen.columns} weights each`}
    ></secateur-mask>
    <p class="note">
      ${turned ? "A column is one output unit." : "A row is one output unit."}
      ${seen.kept === seen.mask.length && of === "dense" ? "All weights are there." : "Green is kept, pale is cut."}
    </p>
    <secateur-figure
      class="small"
      .heading=${"Weights"}
      .note=${of === "dense" ? "How many weights have which value; square-root scale." : "Pale: before. Green: left and trained on. Square-root scale."}
      .file=${`${layer.name}-weights`}
      .height=${120}
      .label=${`Histogram of the weights of ${layer.name}, before and after`}
      .deps=${[seen]}
      .table=${{
        columns: [figure("From", 4), figure("To", 4), figure("Before", 0), figure("After", 0)],
        rows: seen.before.map((n, i) => [seen.edges[i]!, seen.edges[i + 1]!, n, seen.after[i]!]),
      }}
      .draw=${(width: number) => histogramPlot(seen, width, 120)}
    ></secateur-figure>`;
}

function kernels(row: LayerRow | undefined): TemplateResult {
  if (!row) {
    return html`<h3>${term("Kernels tried")}</h3>
      <p class="note">After a run: every way of computing this layer, with its time, and which was the fastest.</p>`;
  }
  const slowest = Math.max(...row.candidates.map((each) => each.us), 1e-9);
  const sorted = [...row.candidates].sort((a, b) => a.us - b.us);
  return html`<h3>${term("Kernels tried")}</h3>
    <table class="kernels">
      <tbody>
        ${sorted.map(
          (each) =>
            html`<tr class=${each.kernel === row.kernel ? "picked" : ""}>
              <th scope="row">${each.kernel}</th>
              <td class="n">${micros(each.us)}</td>
              <td class="bar"><i ${styled({ width: `${((each.us / slowest) * 100).toFixed(1)}%` })}></i></td>
              <td class="mark">${each.kernel === row.kernel ? "picked" : ""}</td>
            </tr>`,
        )}
      </tbody>
    </table>
    <p class="note">${sentence(row.why)}</p>`;
}
