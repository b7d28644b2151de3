// The slider and the button: how much goes, and the word to go. While it works, how far it is.

import { html, nothing, type TemplateResult } from "lit";
import { styled } from "../elements/styled.js";
import { bytes, count, duration, onItsWay, sentence, share } from "../format.js";
import { number, setting } from "../numbers.js";
import { completed, fraction, lockOf, occupied } from "../select.js";
import type { Loading } from "../state.js";
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
    <div class="buttons">${mainButton(ctx, running, ready)} ${secondButton(ctx, running)}</div>
    <div class="status" id="go-status">${state.work?.job === "run" ? progress(state.work, state.loading) : job === "survey" ? elsewhere(ctx) : (problems(ctx) ?? html`${preview(ctx)}${warnings(ctx)}`)}</div>
  </section>`;
}

/**
 * One button that changes its word, so that whoever pressed it by keyboard still stands on it. For the same reason it is not
 * disabled but says so: a button that is disabled loses the focus. The second click of a double click is not meant for Cancel.
 */
const mainButton = (ctx: Context, running: boolean, ready: boolean): TemplateResult =>
  html`<button
    class=${running ? "main stop" : "main"}
    aria-disabled=${running || ready ? "false" : "true"}
    aria-describedby="go-status"
    @click=${(event: MouseEvent) => {
      if (running && event.detail < 2) ctx.cancel();
      else if (!running && ready) ctx.run();
    }}
  >
    ${running ? "Cancel" : "Prune"}
  </button>`;

const secondButton = (ctx: Context, running: boolean): TemplateResult =>
  html`<button
    class="second"
    aria-disabled=${running && !ctx.state.work ? "true" : "false"}
    @click=${() => {
      if (!running) ctx.reset();
      else if (ctx.state.work) ctx.pause(!ctx.state.work.paused);
    }}
  >
    ${running ? (ctx.state.work?.paused ? "Go on" : "Pause") : "Reset"}
  </button>`;

function slider(ctx: Context): TemplateResult {
  const { state } = ctx;
  const param = state.catalog?.globals.find((global) => global.key === "sparsity");
  const kind = param?.kind.type === "float" ? param.kind : undefined;
  const usual = String(kind?.default ?? 0.9);
  const lock = lockOf(state, "sparsity");
  const given = lock?.value ?? completed(state).sparsity ?? usual;
  const safe = Number.isFinite(Number(given)) ? Number(given) : 0;
  const most = Math.min(0.99, kind?.max ?? 0.99);
  return html`<div class="sparsity ${lock ? "locked" : ""}">
    <label for="sparsity">${param?.label ?? "Sparsity"}</label>
    <input
      type="range"
      id="sparsity"
      min=${kind?.min ?? 0}
      max=${most}
      step="0.01"
      .value=${String(safe)}
      ?disabled=${!!lock}
      ${styled({ "--at": String(Math.max(0, Math.min(1, safe / most))) })}
      aria-valuetext="${share(safe)} of the weights removed"
      aria-describedby="sparsity-note"
      @input=${(event: Event) => ctx.set("sparsity", (event.target as HTMLInputElement).value)}
    />
    <span class="amount"
      ><input
        type="text"
        inputmode="decimal"
        autocomplete="off"
        aria-label="${param?.label ?? "Sparsity"} in per cent"
        .value=${inPercent(given)}
        ?disabled=${!!lock}
        @change=${(event: Event) => {
          const box = event.target as HTMLInputElement;
          const asked = number(box.value, { percent: true });
          const value = asked === undefined ? setting(box.value) : String(+(asked / 100).toPrecision(12));
          box.value = inPercent(value ?? usual);
          ctx.set("sparsity", value);
        }}
      /><span class="unit">%</span></span
    >
    <p class="note ${lock ? "" : "wide-only"}" id="sparsity-note">${lock ? sentence(lock.why) : describe(param)}</p>
  </div>`;
}

/** A share for a box that counts in per cent; what cannot be read as a number stays as it was written. */
const inPercent = (text: string): string =>
  Number.isFinite(Number(text)) ? String(+(Number(text) * 100).toPrecision(12)) : text;

const describe = (param: Param | undefined): string => param?.what ?? "The share of the weights that is removed.";

function preview(ctx: Context): TemplateResult {
  const { preview } = ctx.state;
  if (!preview) return html`<p class="label faint">&nbsp;</p>`;
  const notes = (preview.notes ?? []).map(sentence).join(" ");
  if (preview.unforeseen) return html`<p class="label">${sentence(preview.stand_in ?? "")} ${notes}</p>`;
  return html`<p class="label">
    Would keep <b>${count(preview.kept)}</b> of ${count(preview.total)} weights, about
    <b>${bytes(preview.bytes_stored)}</b> stored
    ${howPreview()}${preview.stand_in ? html`<br />${sentence(preview.stand_in)}` : nothing}
    ${notes ? html`<br />${notes}` : nothing}
  </p>`;
}

/** What the engine has to say about the recipe, beside what it would do. */
function warnings({ state }: Context): TemplateResult | typeof nothing {
  const told = state.check?.warnings ?? [];
  return told.length ? html`<p class="label warned">${told.map(sentence).join(" ")}</p>` : nothing;
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
  if (!check || check.ok) return undefined;
  const shownElsewhere = (key = "") =>
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
              error.key !== undefined && error.key in ctx.state.settings
                ? html`<button class="quiet" @click=${() => ctx.set(error.key!, undefined)}>Remove ${error.key}</button>`
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
