// The result as it is: one record, the same as the command line writes.

import { html, type TemplateResult } from "lit";
import { save } from "../export.js";
import { baseline, shownRecord } from "../select.js";
import type { Context } from "./context.js";
import { place } from "./how.js";

export function recordView(ctx: Context): TemplateResult {
  const record = shownRecord(ctx.state) ?? baseline(ctx.state);
  if (!record)
    return html`<p class="empty">
      After a measurement: everything known about it as one JSON record, ready to be kept or compared.
    </p>`;
  const text = JSON.stringify(record, null, 2);
  return html`<div class="head">
      <h3>
        ${record.job === "baseline" ? "The dense network" : "This run"}
        <span class="faint mono">${record.digest.slice(0, 16)}</span>
      </h3>
      <span class="tools">
        <button class="quiet" @click=${(event: Event) => void copy(event, ctx, text)}>Copy</button>
        <button
          class="quiet"
          @click=${() => save(text, "application/json", `secateur-${record.model}-${record.digest.slice(0, 8)}.json`)}
        >
          Save JSON
        </button>
      </span>
    </div>
    <p class="note">
      ${place(record.environment)}. The digest is that of the weights:
      ${
        ["calibration", "training"].some((part) => record.environment.gpu_took_part?.includes(part))
          ? "a GPU had a part in them, so another machine comes close to it and not to the same bits."
          : "the same recipe and seed give the same on every machine."
      }
    </p>
    <pre class="json" tabindex="0" role="region" aria-label="Record as JSON">${text}</pre>`;
}

/** Where the browser does not copy, the record is selected for the visitor to do it. */
async function copy(event: Event, ctx: Context, text: string): Promise<void> {
  const json = (event.currentTarget as HTMLElement).closest(".panel-body")?.querySelector(".json");
  const failed = "The browser did not let the page copy. The record is selected below: copy it with the keyboard or the menu.";
  if (!(await ctx.copy(text, "The record was copied.", failed)) && json) getSelection()?.selectAllChildren(json);
}
