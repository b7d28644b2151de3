// The recipe: a method from the list, and behind it the axes. Everything here is read from the catalog.

import { html, nothing, type TemplateResult } from "lit";
import type { Choice } from "../elements/picker.js";
import { sentence } from "../format.js";
import { termsOf } from "../search.js";
import { baseline, completed, currentMethod, isFolded, lockOf, overrides, partOf } from "../select.js";
import type { Axis, Meta, Param } from "../types.js";
import type { Context } from "./context.js";
import { aboutGpu, askGpu } from "./device.js";
import { field } from "./field.js";
import { term } from "./terms.js";

export function methodView(ctx: Context): TemplateResult {
  const { state } = ctx;
  const method = currentMethod(state);
  const changed = overrides(state);
  const choices: Choice[] = (state.catalog?.methods ?? []).map((row) => ({
    id: row.id,
    name: row.name,
    what: row.what,
    group: row.family,
    terms: termsOf(row, state.catalog!),
    disabled: state.check?.disabled.method?.[row.id],
  }));
  const axes = [...new Set(changed.map((key) => key.split(".")[0]!))]
    .map((id) => state.catalog?.axes.find((axis) => axis.id === id)?.name.toLowerCase() ?? id)
    .join(", ");
  const name = method?.name ?? (state.check ? "Own recipe" : "Loading");
  return html`<section class="method" aria-labelledby="recipe-title">
    <h2 id="recipe-title">${term("Recipe")}</h2>
    <p class="caption">Method</p>
    <secateur-picker
      .choices=${choices}
      .value=${method?.id ?? ""}
      .label=${"Method"}
      .text=${changed.length ? `${name}, changed` : name}
      @pick=${(event: CustomEvent<string>) => ctx.setMethod(event.detail)}
    ></secateur-picker>
    <p class="note reserve">
      ${
        changed.length
          ? html`Changed: ${axes}.
              <button class="quiet" @click=${() => method && ctx.setMethod(method.id)}>Back to the method</button>`
          : method
            ? html`${method.what}
              ${
                ctx.page
                  ? html`<a
                      href=${ctx.link({ tab: "methods", page: method.id })}
                      @click=${(event: MouseEvent) => follow(event, ctx, method.id)}
                      >About it</a
                    >`
                  : nothing
              }`
            : state.check
              ? "A choice of your own on every axis."
              : nothing
      }
    </p>
  </section>`;
}

function follow(event: MouseEvent, ctx: Context, page: string): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  ctx.go({ tab: "methods", page });
}

export function axesView(ctx: Context): TemplateResult {
  const { state } = ctx;
  const { catalog } = state;
  const settings = completed(state);
  const folded = (catalog?.axes ?? []).filter((axis) => isFolded(axis, settings));
  const shown = (catalog?.axes ?? []).filter((axis) => !isFolded(axis, settings));
  const others = (catalog?.globals ?? []).filter((param) => param.key !== "sparsity");
  return html`<section class="axes" aria-label="Axes">
    ${running(ctx)}
    <details
      ?open=${state.axesOpen}
      @toggle=${(event: Event) => ctx.send({ type: "axes", open: (event.target as HTMLDetailsElement).open })}
    >
      <summary>All axes</summary>
      ${state.axesOpen ? html`<p class="note">An axis is one choice that every way of pruning makes. A method is a choice on each of them.</p>
              ${shown.map((axis) => axisView(ctx, axis))} ${more(ctx, folded)} ${others.map((param) => paramView(ctx, param.key, param))}
              ${training(ctx)}` : nothing}
    </details>
    <dl class="brief" ?hidden=${state.axesOpen}>
      ${shown.map(
        (axis) =>
          html`<div>
            <dt>${axis.name}</dt>
            <dd>${partOf(axis, settings)?.name ?? settings[axis.id]}</dd>
          </div>`,
      )}
    </dl>
  </section>`;
}

/** Axes on which few methods have anything, until something is chosen on one. */
function more(ctx: Context, folded: Axis[]): TemplateResult | typeof nothing {
  if (!folded.length) return nothing;
  return html`<details class="training">
    <summary>More axes <span class="faint">${folded.map((axis) => axis.name.toLowerCase()).join(", ")}</span></summary>
    ${folded.map((axis) => axisView(ctx, axis))}
  </details>`;
}

/** How what is left is trained, whatever the recovery: folded away, for methods have their own. */
function training(ctx: Context): TemplateResult {
  const params = ctx.state.catalog?.training ?? [];
  const changed = params.filter((param) => param.key in ctx.state.settings);
  return html`<details class="training" ?open=${changed.length > 0}>
    <summary>Training <span class="faint">${changed.length ? `${changed.length} changed` : "as the method has it"}</span></summary>
    ${params.map((param) => paramView(ctx, param.key, param))}
  </details>`;
}

/** How the network is run when it is measured: in a row, for it is changed more often than the rest. */
function running(ctx: Context): TemplateResult {
  const cores = baseline(ctx.state)?.environment.cores;
  const params = ctx.state.catalog?.running ?? [];
  const hint = cores === 1 ? "This page has one thread: only a cross-origin isolated page may share memory." : "";
  return html`<div class="running" role="group" aria-label="Measured with">
    ${params.map((param) => paramView(ctx, param.key, param))}
    ${Number(completed(ctx.state)["threads"] ?? 1) > (cores ?? Infinity) ? html`<p class="note">${hint || `This device has ${cores} threads.`} The run will say so and use what there is.</p>` : nothing}
    ${completed(ctx.state)["executor"] === "gpu" && ctx.state.gpu && "none" in ctx.state.gpu ? html`<p class="note">${aboutGpu(ctx.state)} ${askGpu(ctx)}</p>` : nothing}
  </div>`;
}

function axisView(ctx: Context, axis: Axis): TemplateResult {
  const { state } = ctx;
  const settings = completed(state);
  const lock = lockOf(state, axis.id);
  const part = partOf(axis, lock?.value === undefined ? settings : { ...settings, [axis.id]: lock.value });
  const refused = state.check?.disabled[axis.id] ?? {};
  const problem = state.check?.errors.find((error) => error.key === axis.id);
  const label = (meta: Meta) => (refused[meta.id] ? `${meta.name} (not now)` : meta.name);
  const reasons = axis.parts.filter((meta) => refused[meta.id]);
  return html`<fieldset class="axis">
    <legend>${axis.name} <span class="faint">${axis.question}</span></legend>
    <select
      aria-label=${axis.name}
      aria-describedby="axis-${axis.id}"
      ?disabled=${!!lock}
      @change=${(event: Event) => ctx.set(axis.id, (event.target as HTMLSelectElement).value)}
    >
      ${part ? nothing : html`<option selected disabled>${settings[axis.id]} (unknown)</option>`}
      ${axis.parts.map(
        (meta) =>
          html`<option
            value=${meta.id}
            ?selected=${meta.id === part?.id}
            ?disabled=${!!refused[meta.id]}
            title=${refused[meta.id] ?? meta.what}
          >
            ${label(meta)}
          </option>`,
      )}
    </select>
    <p class="note" id="axis-${axis.id}">${part?.what ?? ""} ${lock ? sentence(lock.why) : nothing}</p>
    ${problem ? html`<p class="problem" role="alert">${sentence(problem.message)} ${sentence(problem.hint)}</p>` : nothing}
    ${
      reasons.length
        ? html`<details class="refused">
            <summary>
              ${reasons.length === 1 ? "One choice is" : `${reasons.length} choices are`} not possible here
            </summary>
            <ul>
              ${reasons.map((meta) => html`<li><strong>${meta.name}</strong>: ${sentence(refused[meta.id]!)}</li>`)}
            </ul>
          </details>`
        : nothing
    }
    ${part?.params.map((param) => paramView(ctx, `${axis.id}.${param.key}`, param))}
  </fieldset>`;
}

function paramView(ctx: Context, key: string, param: Param): TemplateResult {
  const lock = lockOf(ctx.state, key);
  return field({
    id: `field-${key.replace(".", "-")}`,
    param,
    value: lock ? lock.value : completed(ctx.state)[key],
    problem: ctx.state.check?.errors.find((error) => error.key === key),
    ...(lock ? { locked: lock.why } : {}),
    set: (value) => ctx.set(key, value),
  });
}
