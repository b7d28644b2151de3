// What a file that was opened says of itself: the run that saved it, and how it was read.

import { html, nothing, type TemplateResult } from "lit";
import { share } from "../format.js";
import { methodOf } from "../select.js";
import type { Origin } from "../types.js";
import type { Context } from "./context.js";

export function openedView(ctx: Context): TemplateResult | typeof nothing {
  const { model, opened, engine } = ctx.state;
  if (!opened || engine !== "ready" || model?.id !== opened.model) return nothing;
  const { saved, notes = [] } = model;
  return html`<p><strong>${opened.name}</strong> is open: ${model.name}${saved?.digest ? cutBy(ctx, saved) : ""}.</p>
    ${notes.length ? html`<p class="label faint">${notes.join(" ")}</p>` : nothing}
    ${
      saved && Object.keys(saved.recipe).length
        ? html`<p class="label">
            <button class="quiet" title=${recipe(saved)} @click=${() => ctx.replace({ ...saved.recipe })}>
              Use its settings
            </button>
          </p>`
        : nothing
    }`;
}

function cutBy(ctx: Context, { recipe, seed, digest }: Origin): string {
  const method = methodOf(ctx.state.catalog, ctx.state.model?.method)?.name;
  const cut = recipe.sparsity === undefined ? "" : `, cut by ${share(Number(recipe.sparsity))}${method ? ` with ${method}` : ""}`;
  return `${cut}${seed ? `, seed ${seed}` : ""}, digest ${digest}`;
}

const recipe = ({ recipe, producer }: Origin): string =>
  `${producer}: ${Object.entries(recipe).map(([key, value]) => `${key}=${value}`).join(" ")}`;
