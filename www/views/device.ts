// This device: what it gives the page, and what it does not.

import { html, nothing, type TemplateResult } from "lit";
import { sentence } from "../format.js";
import { baseline, occupied, shownRecord } from "../select.js";
import type { State } from "../state.js";
import type { Context } from "./context.js";
import { place } from "./how.js";

export function deviceView(ctx: Context): TemplateResult {
  const { state } = ctx;
  const env = (shownRecord(state) ?? baseline(state))?.environment;
  const coarse = env && !env.isolated ? "; the page is not isolated, so the timer is coarse and samples are longer" : "";
  return html`<h2>This device</h2>
    ${env ? html`<p>${place(env)}${coarse}.</p>` : nothing}
    ${state.gpu ? html`<p>${aboutGpu(state)} ${askGpu(ctx)}</p>` : nothing}
    ${state.lacks.map((text) => html`<p>${text}</p>`)}`;
}

/** The engine is started anew for that; runs are kept. Not offered where the browser has no WebGPU to ask. */
export function askGpu(ctx: Context): TemplateResult | typeof nothing {
  const { gpu } = ctx.state;
  if (!gpu || ("none" in gpu && gpu.none === "absent")) return nothing;
  return html`<button class="quiet" ?disabled=${!!occupied(ctx.state)} @click=${() => ctx.restart()}>
    Ask for a GPU again
  </button>`;
}

export function aboutGpu(state: State): string {
  const { gpu } = state;
  if (!gpu) return "";
  if ("name" in gpu) {
    const notes = (shownRecord(state) ?? baseline(state))?.notes ?? [];
    const lost = notes.find((note) => note.startsWith("Without the GPU"));
    return lost ? sentence(lost) : `A GPU is in use where it is faster: ${gpu.name}.`;
  }
  if (gpu.none === "absent") return "This browser has no WebGPU: everything runs on the processor.";
  const why = gpu.none === "silent" ? "did not answer when asked for its GPU" : "gave no GPU when asked";
  return `The browser ${why}: everything runs on the processor. That may be so after a crash of its graphics, or where its settings turn WebGPU off.`;
}
