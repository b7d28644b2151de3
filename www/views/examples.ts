// Test images the cut network names differently.

import { html, nothing, type TemplateResult } from "lit";
import { plural } from "../format.js";
import { shownRecord } from "../select.js";
import type { Context } from "./context.js";

export function examplesView(ctx: Context): TemplateResult {
  const { state } = ctx;
  const record = shownRecord(state);
  if (!record) {
    return html`<p class="empty">
      After a run: the test images that were named one way before the cut and another way after, right or wrong.
    </p>`;
  }
  const names = state.catalog?.datasets.find((data) => data.id === record.data)?.classes ?? [];
  const name = (label: number) => names[label] ?? String(label);
  const { changed } = record;
  if (!changed.length) return html`<p class="empty">No test image is named differently after the cut.</p>`;
  const total = record.changed_total ?? changed.length;
  const lost = changed.filter((each) => each.before === each.label);
  const won = changed.filter((each) => each.after === each.label);
  const other = changed.filter((each) => each.before !== each.label && each.after !== each.label);
  const group = (title: string, list: typeof changed) =>
    list.length
      ? html`<section class="group">
          <h3>${title} <span class="faint">${list.length}</span></h3>
          <ul class="thumbs">
            ${list.map(
              (each) =>
                html`<li>
                  <secateur-thumb
                    .load=${ctx.image}
                    .index=${each.index}
                    .label=${`Test image ${each.index}, ${name(each.label)}`}
                  ></secateur-thumb>
                  <p>
                    <b>${name(each.label)}</b><br /><span class=${each.before === each.label ? "good" : "bad"}
                      >${name(each.before)}</span
                    ><br />→ <span class=${each.after === each.label ? "good" : "bad"}>${name(each.after)}</span>
                  </p>
                </li>`,
            )}
          </ul>
        </section>`
      : nothing;
  return html`<p class="note">
      ${plural(total, "test image")} named differently after the
      cut${total > changed.length ? `; the first ${changed.length} are shown` : ""}. In bold what it is; below, the
      answer before and after.
    </p>
    ${group("Lost: right before, wrong now", lost)} ${group("Gained: wrong before, right now", won)}
    ${group("Wrong in another way", other)}`;
}
