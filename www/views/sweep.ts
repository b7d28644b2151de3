// Many runs in one go: the dialog that lists them, and the strip that follows them.

import { html, nothing, type TemplateResult } from "lit";
import { styled } from "../elements/styled.js";
import { count, duration, plural, share } from "../format.js";
import { currentMethod, isBaseline, methodOf } from "../select.js";
import { number, numbers } from "../numbers.js";
import { combine, tallied, understood, type Plan } from "../sweep.js";
import type { Sweep } from "../state.js";
import type { Context } from "./context.js";

/** The dialog is a plain form: what is chosen lives in its controls until it is sent. */
export function sweepDialog(ctx: Context): TemplateResult {
  const { state } = ctx;
  const current = currentMethod(state);
  const methods = state.catalog?.methods ?? [];
  const families = [...new Set(methods.map((method) => method.family))];
  const seed = number(state.settings.seed ?? "1", { whole: true }) ?? 1;
  return html`<dialog class="sweep" id="sweep" aria-labelledby="sweep-title" @input=${tally}>
    <form method="dialog" @submit=${(event: SubmitEvent) => submit(event, ctx)}>
      <h2 id="sweep-title">Sweep</h2>
      <p class="note">
        Every method with every sparsity and every seed, one after the other. Runs that were made already are not made
        again: a sweep that was interrupted goes on where it was.
      </p>
      <div class="field">
        <label for="sweep-sparsities">Sparsities in %</label>
        <input type="text" id="sweep-sparsities" name="sparsities" autocomplete="off" value="50, 80, 90, 95" />
      </div>
      <div class="field">
        <label for="sweep-seeds">Seeds</label>
        <input
          type="text"
          id="sweep-seeds"
          name="seeds"
          autocomplete="off"
          value="${[0, 1, 2].map((more) => seed + more).join(", ")}"
        />
        <p class="note">Three or more show how much is chance.</p>
      </div>
      ${budgetView(ctx)}
      <fieldset class="methods">
        <legend>Methods</legend>
        <div class="scroll" tabindex="0" role="region" aria-label="Methods to run">
          ${families.map(
            (family) =>
              html`<p class="group">${family}</p>
                ${methods
                  .filter((method) => method.family === family)
                  .map(
                    (method) =>
                      html`<label class="check">
                        <input
                          type="checkbox"
                          name="method"
                          value=${method.id}
                          ?checked=${method.id === current?.id || isBaseline(method)}
                        />
                        <span>${method.name}</span
                        >${isBaseline(method) ? html`<span class="faint">baseline</span>` : nothing}
                      </label>`,
                  )}`,
          )}
        </div>
      </fieldset>
      <p class="label tally" aria-live="polite"></p>
      <div class="buttons">
        <button class="main" value="go">Start</button>
        <button class="second" value="no" formnovalidate>Close</button>
      </div>
    </form>
  </dialog>`;
}

function read(form: HTMLFormElement): Plan {
  const data = new FormData(form);
  return {
    sparsities: numbers(String(data.get("sparsities") ?? ""), { percent: true }),
    seeds: numbers(String(data.get("seeds") ?? ""), { whole: true }),
    methods: data.getAll("method").map(String),
    budget: data.has("one") ? Object.fromEntries(budgetBoxes(form).map((box) => [box.name, box.value])) : undefined,
  };
}

/** One budget for all, or each method's own: the first compares methods, the second what their authors meant. */
function budgetView({ state }: Context): TemplateResult {
  const { catalog } = state;
  const param = (key: string) => catalog?.training.find((each) => each.key === key);
  return html`<fieldset class="budget">
    <legend>Training</legend>
    <label class="check">
      <input type="checkbox" name="one" checked @change=${lockBudget} />
      <span>One budget for all methods</span>
    </label>
    ${Object.entries(catalog?.budget ?? {}).map(
      ([key, value]) =>
        html`<div class="field">
          <label for="sweep-${key}">${param(key)?.label ?? key}</label>
          <input
            type="text"
            inputmode="decimal"
            id="sweep-${key}"
            name=${key}
            autocomplete="off"
            value=${state.settings[key] ?? value}
          />
        </div>`,
    )}
    <p class="note">
      Without it each method trains as its own row says, some four times as long as others. Either way each row of the
      table says how long it was.
    </p>
  </fieldset>`;
}

const budgetBoxes = (form: HTMLFormElement): HTMLInputElement[] => [
  ...form.querySelectorAll<HTMLInputElement>(".budget input[type=text]"),
];

function lockBudget(event: Event): void {
  const box = event.target as HTMLInputElement;
  for (const each of budgetBoxes(box.form!)) each.disabled = !box.checked;
}

/** Says what was understood and how many runs that makes; called on every input and when the dialog opens. */
export function tally(event: Event): void {
  const dialog = event.currentTarget as HTMLDialogElement;
  const { says, ok } = tallied(read(dialog.querySelector("form")!), Number(dialog.dataset.seconds ?? 0));
  dialog.querySelector<HTMLElement>(".tally")!.textContent = says;
  dialog.querySelector<HTMLButtonElement>("button.main")!.disabled = !ok;
}

function submit(event: SubmitEvent, ctx: Context): void {
  if ((event.submitter as HTMLButtonElement | null)?.value !== "go") return;
  const { sparsities, seeds, methods, budget } = read(event.target as HTMLFormElement);
  const shares = sparsities.values.map((value) => value / 100);
  ctx.sweep(combine(ctx.state, { methods, shares, seeds: seeds.values, budget: understood(budget) }));
}

export function sweepStrip(ctx: Context): TemplateResult | typeof nothing {
  const { sweep } = ctx.state;
  if (!sweep) return nothing;
  const over = sweep.items.filter((item) => item.status === "done" || item.status === "failed").length;
  const failed = sweep.items.filter((item) => item.status === "failed");
  const current = sweep.items.find((item) => item.status === "working");
  const active = sweep.state === "working" || sweep.state === "paused";
  return html`<section class="strip" aria-label="Sweep">
    <div
      class="progress"
      role="progressbar"
      aria-label="Sweep"
      aria-valuemin="0"
      aria-valuemax=${sweep.items.length}
      aria-valuenow=${over}
    >
      <i ${styled({ width: `${((over / Math.max(1, sweep.items.length)) * 100).toFixed(1)}%` })}></i>
    </div>
    <p class="label split">
      <span>${says(ctx, sweep, over, current?.settings)}</span>
      <span class="tools">
        ${
          active
            ? html`<button class="quiet" @click=${() => ctx.pause(sweep.state === "working")}>
                  ${sweep.state === "paused" ? "Go on" : "Pause"}
                </button>
                <button class="quiet" @click=${() => ctx.cancel()}>Cancel</button>`
            : html`${
                  sweep.items.some((item) => item.status === "dropped")
                    ? html`<button class="quiet" @click=${() => ctx.sweep(sweep.items.map((item) => item.settings))}>
                        Go on with the rest
                      </button>`
                    : nothing
                }
                <button class="quiet" @click=${() => ctx.send({ type: "sweep", sweep: undefined })}>Dismiss</button>`
        }
      </span>
    </p>
    ${failed.length ? html`<p class="problem">${plural(failed.length, "run")} did not finish: ${[...new Set(failed.map((item) => item.message))].join(" ")}</p>` : nothing}
  </section>`;
}

function says(ctx: Context, sweep: Sweep, over: number, now: Record<string, string> | undefined): string {
  const all = `${count(over)} of ${plural(sweep.items.length, "run")}`;
  if (sweep.state === "done") return `Sweep over: ${all}.`;
  if (sweep.state === "cancelled") return `Sweep cancelled after ${all}; those are kept.`;
  const name = now ? (methodOf(ctx.state.catalog, now.method)?.name ?? "") : "";
  const spent = (Date.now() - sweep.started) / 1000;
  const left =
    over > 0 && sweep.state === "working"
      ? `, about ${duration((spent / over) * (sweep.items.length - over))} left`
      : "";
  return `${sweep.state === "paused" ? "Sweep paused" : "Sweep"}: ${all}${now ? `; now ${name} at ${share(Number(now.sparsity))}, seed ${now.seed}` : ""}${left}`;
}
