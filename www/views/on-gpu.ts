// The survey's layers on the GPU, beside what the processor takes for them.

import { html, nothing, type TemplateResult } from "lit";
import { crosses, fixed, micros, percent, plural, ratio } from "../format.js";
import { layersOf } from "../survey.js";
import type { SurveyRow } from "../types.js";
import { executorName } from "./executors.js";
import { layerCharts } from "./layers.js";

export const ofCpu = (rows: SurveyRow[]): SurveyRow[] => rows.filter((row) => row.executor !== "gpu");
export const ofGpu = (rows: SurveyRow[]): SurveyRow[] => rows.filter((row) => row.executor === "gpu");

/** The share at which both are compared, and what is cut there. */
const AT = 0.9;

export function onGpu(rows: SurveyRow[], name: string | undefined): TemplateResult | typeof nothing {
  const gpu = ofGpu(rows);
  if (!gpu.length) return nothing;
  const layers = layersOf(gpu);
  const pairs = layers.flatMap(({ name }) => pair(rows, name));
  const faster = pairs.filter(({ dense }) => dense > 1).length;
  const charted = layers.filter((layer) => layer.series.some((series) => series.rows.length > 1));
  return html`<section class="on-gpu" aria-labelledby="on-gpu-title">
    <h2 id="on-gpu-title">Processor and GPU</h2>
    <p class="lead">
      The same layers in ${executorName("gpu")}${name ? ` on ${name}` : ""}, one image, many launches in one go, so that
      neither upload nor readback counts: faster dense on ${faster} of ${plural(pairs.length, "layer")}.
    </p>
    <div class="scroll" tabindex="0" role="region" aria-label="Processor and GPU, layer by layer">
      <table class="both">
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col">Dense, ${executorName("cpu")}</th>
            <th scope="col">Dense, ${executorName("gpu")}</th>
            <th scope="col">${percent(AT, 0)} cut, ${executorName("cpu")}</th>
            <th scope="col">${percent(AT, 0)} cut, ${executorName("gpu")}</th>
            <th scope="col">Cut, ${executorName("gpu")} against ${executorName("cpu")}</th>
          </tr>
        </thead>
        <tbody>
          ${pairs.map(
            ({ name, cpu, gpu, cut }) =>
              html`<tr>
                <th scope="row">${crosses(name)}</th>
                <td>${micros(cpu.dense_us)}</td>
                <td>${micros(gpu.dense_us)}</td>
                <td>${micros(cpu.us)}</td>
                <td title=${gpu.kernel}>${micros(gpu.us)}</td>
                <td>${cut >= 1 ? `${ratio(cut)} faster` : `${ratio(1 / cut)} slower`}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${
      charted.length
        ? html`<p class="note">Times faster than the GPU's own dense kernels:</p>
            ${layerCharts(charted, gpu)}`
        : html`<p class="note">
            It is so far behind that no more than the ${fixed(100 * AT, 0)}% cut was measured on it.
          </p>`
    }
  </section>`;
}

interface Pair {
  name: string;
  cpu: SurveyRow;
  gpu: SurveyRow;
  /** Times faster than the processor, dense and cut. */
  dense: number;
  cut: number;
}

/** Both executors' points for single weights at the share where they are compared. */
function pair(rows: SurveyRow[], name: string): Pair[] {
  const own = rows.filter((row) => row.layer_name === name && Math.abs(row.sparsity - AT) < 1e-6);
  const gpu = ofGpu(own)[0];
  const cpu = gpu && ofCpu(own).find((row) => row.series === gpu.series);
  return gpu && cpu ? [{ name, cpu, gpu, dense: cpu.dense_us / gpu.dense_us, cut: cpu.us / gpu.us }] : [];
}
