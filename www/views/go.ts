// The slider and the button: how much goes, and the word to go. While it works, how far it is.

import { html, nothing, type TemplateResult } from "lit";
import { styled } from "../elements/styled.js";
import { bytes, count, duration, onItsWay, sentence, share } from "../format.js";
import { completed, fraction, occupied } from "../select.js";
import type { Loading } from "../store.js";
import type { Work } from "../work.js";
import type { Param } from "../types.js";
import type { Context } from "./context.js";
import { howPreview } from "./how.js";

export function goView(ctx: Context): TemplateResult {
  const { state } = ctx;
  const job = occupied(state);
  const running = job === "run";
  const ready = !job && !!state.model && state.engine === "ready" && state.check?.ok !== false;
  return html`<section class="go" aria-label="Cut">
    ${slider(ctx)}
    <div class="buttons">
      ${
        running
          ? html`<button class="main stop" @click=${() => ctx.cancel()}>Cancel</button>
              <button class="second" @click=${() => ctx.pause(!state.work?.paused)} ?disabled=${!state.work}>
                ${state.work?.paused ? "Go on" : "Pause"}
              </button>`
          : html`<button class="main" ?disabled=${!ready} @click=${() => ctx.run()}>Prune</button>
              <button class="second" @click=${() => ctx.reset()}>Reset</button>`
      }
    </div>
    <div class="status">${state.work?.job === "run" ? progress(state.work, state.loading) : job === "survey" ? elsewhere(ctx) : (problems(ctx) ?? preview(ctx))}</div>
  </section>`;
}

function slider(ctx: Context): TemplateResult {
  const { state } = ctx;
  const param = state.catalog?.globals.find((global) => global.key === "sparsity");
  const kind = param?.kind.type === "float" ? param.kind : undefined;
  const value = Number(completed(state).sparsity ?? kind?.default ?? 0.9);
  const safe = Number.isFinite(value) ? value : 0;
  const set = (text: string, scale: number) => {
    const asked = Number(text.replace("%", "").replace(",", "."));
    ctx.set(
      "sparsity",
      text.trim() === "" || !Number.isFinite(asked) ? undefined : String(+(asked / scale).toFixed(4)),
    );
  };
  return html`<div class="sparsity">
    <label for="sparsity">${param?.label ?? "Sparsity"}</label>
    <input
      type="range"
      id="sparsity"
      min=${kind?.min ?? 0}
      max=${Math.min(0.99, kind?.max ?? 0.99)}
      step="0.01"
      .value=${String(safe)}
      ${styled({ "--at": String(Math.max(0, Math.min(1, safe / Math.min(0.99, kind?.max ?? 0.99)))) })}
      aria-valuetext="${share(safe)} of the weights removed"
      @input=${(event: Event) => set((event.target as HTMLInputElement).value, 1)}
    />
    <span class="amount"
      ><input
        type="text"
        inputmode="decimal"
        autocomplete="off"
        aria-label="${param?.label ?? "Sparsity"} in per cent"
        .value=${String(+(value * 100).toFixed(2))}
        @change=${(event: Event) => set((event.target as HTMLInputElement).value, 100)}
      /><span class="unit">%</span></span
    >
    <p class="note wide-only">${describe(param)}</p>
  </div>`;
}

const describe = (param: Param | undefined): string => param?.what ?? "The share of the weights that is removed.";

function preview(ctx: Context): TemplateResult {
  const { preview } = ctx.state;
  if (!preview) return html`<p class="label faint">&nbsp;</p>`;
  return html`<p class="label">
    Would keep <b>${count(preview.kept)}</b> of ${count(preview.total)} weights, about
    <b>${bytes(preview.bytes_stored)}</b> stored
    ${howPreview()}${preview.stand_in ? html`<br />Magnitudes stand in: this method looks at images.` : nothing}
  </p>`;
}

/** The engine is taken by the other place that measures. */
function elsewhere(ctx: Context): TemplateResult {
  return html`<p class="label">
    The break-even of this device is being measured; Prune waits for it.
    <button class="quiet" @click=${() => ctx.go({ tab: "break-even" })}>See it</button>
  </p>`;
}

function problems(ctx: Context): TemplateResult | undefined {
  const { check, catalog } = ctx.state;
  if (!check) return undefined;
  if (check.ok) return check.warnings.length ? html`<p class="label">${check.warnings.join(" ")}</p>` : undefined;
  const shownElsewhere = (key: string) =>
    ctx.state.axesOpen && catalog?.axes.some((axis) => key.split(".")[0] === axis.id && key.includes("."));
  return html`<div role="alert">
    ${check.errors
      .filter((error) => !shownElsewhere(error.key))
      .slice(0, 3)
      .map(
        (error) =>
          html`<p class="problem">
            <strong>${sentence(error.message)}</strong> ${sentence(error.hint)}
            ${
              error.key in ctx.state.settings
                ? html`<button class="quiet" @click=${() => ctx.set(error.key, undefined)}>Remove ${error.key}</button>`
                : nothing
            }
          </p>`,
      )}
  </div>`;
}

function progress(work: Work, loading: Loading | undefined): TemplateResult {
  const done = fraction(work);
  const phase = work.phases[work.phase];
  const spent = (Date.now() - work.started) / 1000;
  const left = done > 0.04 && spent > 1 ? `${duration((spent / done) * (1 - done))} left` : "";
  const label = phase
    ? `${phase.label}, ${count(work.done)} of ${count(work.total || phase.steps)}`
    : `Loading the training images${loading ? `: ${onItsWay(loading)}` : ""}`;
  return html`<div
      class="progress"
      role="progressbar"
      aria-label="Run"
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${Math.round(done * 100)}
    >
      <i ${styled({ width: `${(done * 100).toFixed(2)}%` })}></i>
    </div>
    <p class="label split">
      <span>${work.paused ? "Paused: " : ""}${label}</span><span class="faint">${work.paused ? "" : left}</span>
    </p>`;
}
