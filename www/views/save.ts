// Taking the shown network along: what it can be saved as, how long each file is, and who reads it.

import { html, nothing, type TemplateResult } from "lit";
import { beside } from "../elements/beside.js";
import { bytes } from "../format.js";
import { baseline, shownFile, shownRecord } from "../select.js";
import type { Context } from "./context.js";

export function saveView(ctx: Context): TemplateResult {
  const record = shownRecord(ctx.state) ?? baseline(ctx.state);
  const file = shownFile(ctx.state);
  if (record && !file)
    return html`<p class="label save">Kept without its network. Run it again to save it.</p>`;
  const what = record?.job === "run" ? "Save the pruned network" : "Save the network as it is";
  return html`<div class="save">
    <button
      class="second"
      popovertarget="save"
      ?disabled=${!file}
      title=${file ? nothing : "The network can be saved once it has been measured."}
    >
      Save…
    </button>
    <div class="pop" id="save" popover role="group" aria-label=${what} @beforetoggle=${beside}>
      <p class="what">${what}</p>
      ${ctx.state.catalog?.formats.map(
        (format) =>
          html`<div class="format">
            <button
              class="second"
              popovertarget="save"
              popovertargetaction="hide"
              aria-describedby="save-${format.id}"
              @click=${() => ctx.save(format)}
            >
              ${format.name}, ${bytes(file?.sizes[format.id] ?? NaN)}
            </button>
            <p id="save-${format.id}">${format.what}</p>
          </div>`,
      )}
    </div>
  </div>`;
}
