// Processor and GPU side by side, where a page has both: which ran the network, and what the other would have taken.

import { html, nothing, type TemplateResult } from "lit";
import { styled } from "../elements/styled.js";
import { milliseconds, ratio } from "../format.js";
import { baseline, shownRecord } from "../select.js";
import type { ExecutorSpeed, RunRecord } from "../types.js";
import type { Context } from "./context.js";

/** Names for people; the record's are for scripts. */
export const executorName = (id: string): string => (id === "gpu" ? "WebGPU" : "WebAssembly");

export function executorsView(ctx: Context): TemplateResult | typeof nothing {
  const record = shownRecord(ctx.state) ?? baseline(ctx.state);
  const rows = record?.speed.by_executor ?? [];
  if (!record || rows.length < 2) return nothing;
  const dense = record.job === "baseline";
  const most = Math.max(...rows.map((row) => row.pruned_ms));
  return html`<section class="executors" aria-labelledby="executors-title">
    <h3 id="executors-title">Processor and GPU</h3>
    <table>
      <thead>
        <tr>
          <th scope="col">Runs on</th>
          ${dense ? nothing : html`<th scope="col">Dense</th>`}
          <th scope="col">${dense ? "A pass" : "Cut"}</th>
          <td class="bar"></td>
          ${dense ? nothing : html`<th scope="col">Gain</th>`}
          <th scope="col" title="From the compiled network to its first answers">First answers</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => executorRow(row, record, most, dense))}
      </tbody>
    </table>
    <p class="note">${says(record)}</p>
  </section>`;
}

function executorRow(row: ExecutorSpeed, { speed, environment }: RunRecord, most: number, dense: boolean): TemplateResult {
  const picked = row.executor === speed.executor;
  const name = executorName(row.executor);
  return html`<tr class=${picked ? "picked" : ""}>
    <th scope="row" title=${row.executor === "gpu" ? (environment.gpu ?? "") : ""}>
      ${name}${picked ? html` <span class="word">runs</span>` : nothing}
    </th>
    ${dense ? nothing : html`<td>${milliseconds(row.dense_ms)}</td>`}
    <td>${milliseconds(row.pruned_ms)}</td>
    <td class="bar"><i ${styled({ width: `${((100 * row.pruned_ms) / most).toFixed(1)}%` })}></i></td>
    ${dense ? nothing : html`<td title="${ratio(row.low)} to ${ratio(row.high)}">${ratio(row.ratio)}</td>`}
    <td>${row.cold_ms > 0 ? milliseconds(row.cold_ms) : "–"}</td>
  </tr>`;
}

/** The engine's own sentence about the two, and its mark of what is not the same bits everywhere. */
const says = (record: RunRecord): string =>
  record.notes.filter((note) => /^(WebGPU|The GPU|Without the GPU|A GPU|Not bit-exact)/.test(note)).join(" ");
