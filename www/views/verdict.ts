// The strip on top of the lab: what the cut cost, what it bought, and the sentence.

import { html, nothing, type TemplateResult } from "lit";
import { bytes, count, fixed, milliseconds, onItsWay, percent, plural, ratio, sentence } from "../format.js";
import { baseline, shownRecord } from "../select.js";
import type { RunRecord } from "../types.js";
import type { Context } from "./context.js";
import { executorName } from "./executors.js";
import { openedView } from "./opened.js";
import { saveView } from "./save.js";
import { howAccuracy, howSize, howSpeed } from "./how.js";

export function verdict(ctx: Context): TemplateResult {
  const record = shownRecord(ctx.state);
  const dense = baseline(ctx.state);
  return html`<section class="verdict" aria-label="Verdict">
    ${record ? after(ctx, record) : before(ctx, dense)}
    <div class="sentence" aria-live="polite">${says(ctx, record, dense)}</div>
  </section>`;
}

const cell = (main: unknown, label: unknown, detail: unknown, more: unknown = nothing): TemplateResult =>
  html`<div class="cell">
    <p class="big">${main}</p>
    <p class="label">${label}</p>
    <p class="label faint">${detail}</p>
    ${more}
  </div>`;

const to = html`<span class="arrow" aria-label="to">→</span>`;

function after(ctx: Context, record: RunRecord): TemplateResult {
  const { accuracy: a, speed: s, size } = record;
  const same = s.low <= 1 && s.high >= 1;
  // The same weights as the preview counts: biases and norms are no layer's weights.
  const [kept, total] = [sum(record.layers, "kept"), sum(record.layers, "total")];
  const smaller = size.bytes_dense / Math.max(1, size.bytes_stored);
  const faster = s.doubt
    ? "Speed in doubt"
    : same
    ? "No faster here"
    : s.ratio > 1
      ? `${ratio(s.ratio)} faster here`
      : `${ratio(1 / s.ratio)} slower here`;
  const { text } = record;
  const cost = text
    ? cell(
        html`${fixed(text.bits_before, 2)} ${to} ${fixed(text.bits_after, 2)}`,
        html`bits per character, on ${count(a.n)} of them ${howAccuracy(record, false)}`,
        html`the next one is right in ${percent(a.before)} ${to} ${percent(a.after)}`,
      )
    : cell(
        html`${percent(a.before)} ${to} ${percent(a.after)}`,
        html`${imagesOf(record)} ${howAccuracy(record, false)}`,
        a.n ? html`${percent(a.low)}–${percent(a.high)} after the cut` : nothing,
      );
  return html`${cost}
  ${cell(
    faster,
    html`${milliseconds(s.dense_ms)} ${to} ${milliseconds(s.pruned_ms)} ${howSpeed(record, false)}`,
    html`${fixed(s.ratio, 2)}×
    (${fixed(s.low, 2)}–${fixed(s.high, 2)})${runAs(record)}`,
  )}
  ${cell(
    smaller >= 1.05 ? `${ratio(smaller)} smaller` : smaller > 0.95 ? "No smaller" : `${ratio(1 / smaller)} larger`,
    html`${bytes(size.bytes_dense)} ${to} ${bytes(size.bytes_stored)} ${howSize(record, false)}`,
    html`${count(kept)} of ${count(total)} weights left`,
    saveView(ctx),
  )}`;
}

const sum = (layers: RunRecord["layers"], of: "kept" | "total"): number =>
  layers.reduce((all, layer) => all + layer[of], 0);

const imagesOf = ({ accuracy: { n } }: RunRecord): string =>
  n ? `accuracy on ${plural(n, "image")}` : "no test images, so no accuracy";

/** How the network was run, as far as it is not the usual: one image, one thread, floats. */
function runAs({ speed, environment, accuracy, layers, text }: RunRecord): string {
  const batch = speed.batch > 1 ? `batch of ${speed.batch}` : `one ${text ? "window" : "image"} at a time`;
  const shared = speed.threads ?? environment.threads;
  const threads = shared > 1 ? `, ${shared} threads` : "";
  // What was asked for need not have been possible: accuracy in floats is told only beside that in something coarser.
  const int8 = layers.some((layer) => layer.kernel === "int8");
  const numbers = int8 ? ", 8‑bit integers" : accuracy.float !== undefined && speed.executor === "gpu" ? ", 16‑bit floats" : "";
  const gpu = speed.executor === "gpu" ? `, on ${executorName("gpu")}` : "";
  return `, ${batch}${threads}${numbers}${gpu}`;
}

function before(ctx: Context, dense: RunRecord | undefined): TemplateResult {
  const { model, work } = ctx.state;
  const waiting = work ? "measuring" : "not measured yet";
  // The time is known before the accuracy is.
  const speed = dense?.speed ?? (work?.job === "baseline" ? work.speed : undefined);
  const quality = dense?.text
    ? cell(
        fixed(dense.text.bits_before, 2),
        html`bits per character, on ${count(dense.accuracy.n)} of them ${howAccuracy(dense, true)}`,
        html`the next one is right in ${percent(dense.accuracy.before)}`,
      )
    : cell(
        dense ? percent(dense.accuracy.before) : html`<span class="wait">–</span>`,
        dense
          ? html`${imagesOf(dense)} ${howAccuracy(dense, true)}`
          : html`accuracy, ${waiting}`,
        dense?.accuracy.n
          ? html`95% interval ${percent(dense.accuracy.before_low)}–${percent(dense.accuracy.before_high)}`
          : nothing,
      );
  return html`${quality}
  ${cell(
    speed ? milliseconds(speed.dense_ms) : html`<span class="wait">–</span>`,
    speed
      ? html`a forward pass here ${dense ? howSpeed(dense, true) : nothing}`
      : html`time on this device, ${waiting}`,
    speed
      ? html`mean of the middle half of
        ${count(speed.samples)} samples${dense ? runAs(dense) : nothing}`
      : nothing,
  )}
  ${cell(
    dense ? bytes(dense.size.bytes_stored) : model ? bytes(4 * model.parameters) : html`<span class="wait">–</span>`,
    dense ? html`${storedAs(dense)} ${howSize(dense, true)}` : "stored dense",
    model ? html`${count(model.parameters)} parameters, ${fixed(model.macs / 1e6, 2)} M multiply-adds` : nothing,
    saveView(ctx),
  )}`;
}

/** A network that comes pruned is stored as one. */
const storedAs = ({ size }: RunRecord): string =>
  size.bytes_stored < size.bytes_dense ? `stored, and ${bytes(size.bytes_dense)} dense` : "stored dense";

function says(ctx: Context, record: RunRecord | undefined, dense: RunRecord | undefined): unknown {
  const { state } = ctx;
  if (state.failure) {
    return html`<p class="problem">
        <strong>${sentence(state.failure.message)}</strong> ${sentence(state.failure.hint)}
      </p>
      <p class="label">
        ${mend(ctx)} ${unset(ctx, state.failure.key)}
        <button class="quiet" @click=${() => ctx.send({ type: "failure", failure: undefined })}>Dismiss</button>
      </p>`;
  }
  const told = notices(ctx);
  if (record) {
    return html`${told}
      <p>${record.verdict}</p>
      ${record.notes.map((note) => html`<p class="label faint">${sentence(note)}</p>`)}`;
  }
  if (state.notices.length) return told;
  if (state.engine === "unopened" || state.engine === "dead")
    return html`<p>${state.engine === "dead" ? "The engine is not running." : "The network is not loaded."}</p>
      <p class="label">${mend(ctx)}</p>`;
  if (state.check?.ok === false && !state.model)
    return html`<p>No network is open: the recipe below names something that is not there.</p>`;
  if (state.engine === "starting" || state.engine === "opening")
    return html`<p class="faint">
      Loading the network and its test images${state.loading ? `: ${onItsWay(state.loading)}` : ""}.
    </p>`;
  if (state.engine === "restarting") return html`<p class="faint">Starting the engine again.</p>`;
  const opened = openedView(ctx);
  if (opened !== nothing) return opened;
  const name = state.model?.name ?? "The network";
  return html`<p>
    Many weights of a network can go with little harm: it gets smaller and faster, and what that costs in accuracy is
    measured here. ${name} is trained and ready${dense ? "" : "; it is being measured on this device"}. Prune removes the
    share of weights chosen below, trains what is left, and measures both sides.
  </p>`;
}

function notices({ state, send }: Context): TemplateResult | typeof nothing {
  if (!state.notices.length) return nothing;
  return html`${state.notices.map((text) => html`<p>${text}</p>`)}
    <p class="label">
      <button class="quiet" @click=${() => send({ type: "notice", text: undefined })}>Dismiss</button>
    </p>`;
}

/** Takes back the setting that a failure names. */
function unset(ctx: Context, key: string | undefined): TemplateResult | typeof nothing {
  if (key === undefined || !(key in ctx.state.settings)) return nothing;
  const take = () => {
    ctx.send({ type: "failure", failure: undefined });
    ctx.set(key, undefined);
  };
  return html`<button class="quiet" @click=${take}>Remove ${key}</button>`;
}

/** What brings back an engine or a network that is not there. */
function mend(ctx: Context): TemplateResult | typeof nothing {
  const { engine } = ctx.state;
  if (engine === "dead")
    return html`<button class="quiet" @click=${() => ctx.restart()}>Start the engine again</button>`;
  if (engine === "unopened") return html`<button class="quiet" @click=${() => ctx.retry()}>Try again</button>`;
  return nothing;
}
