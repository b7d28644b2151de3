// Test images the cut network names differently.

import { html, nothing, type TemplateResult } from "lit";
import { count, plural } from "../format.js";
import { completed, shownRecord } from "../select.js";
import type { RunRecord } from "../types.js";
import type { Context } from "./context.js";

export function examplesView(ctx: Context): TemplateResult {
  const { state } = ctx;
  const record = shownRecord(state);
  if (readsText(state)) return record?.text?.written ? written(record.text.written) : html`${beforeText}${passage(ctx)}`;
  if (!record) {
    return html`<p class="empty">
        After a run: the test images that were named one way before the cut and another way after, right or wrong.
      </p>
      ${samples(ctx, 24)}`;
  }
  const names = state.catalog?.datasets.find((data) => data.id === record.data)?.classes ?? [];
  const name = (label: number) => names[label] ?? String(label);
  const { changed } = record;
  if (!changed.length) return html`<p class="empty">No test image is named differently after the cut.</p>`;
  const total = record.changed_total ?? changed.length;
  const whole = total === changed.length;
  const counts = record.changed_counts;
  const lost = changed.filter((each) => each.before === each.label);
  const won = changed.filter((each) => each.after === each.label);
  const other = changed.filter((each) => each.before !== each.label && each.after !== each.label);
  const group = (title: string, list: typeof changed, all = whole ? list.length : undefined) =>
    list.length
      ? html`<section class="group">
          <h3>${title} <span class="faint">${all === undefined ? `${count(list.length)} of those shown` : count(all)}</span></h3>
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
      cut${net(record)}${whole ? "" : `; the first ${changed.length} are shown`}. In bold what it is; below, the answer
      before and after.
    </p>
    ${group("Lost: right before, wrong now", lost, counts?.lost)}
    ${group("Gained: wrong before, right now", won, counts?.gained)}
    ${group("Wrong in another way", other, counts?.other)}`;
}

/** Lost and gained together, over all images and not only those that are shown. */
function net({ accuracy: { before, after, n } }: RunRecord): string {
  if (before === null || after === null) return "";
  const fewer = Math.round((before - after) * n);
  if (!fewer) return ", as many rightly as before";
  return `, ${count(Math.abs(fewer))} ${fewer > 0 ? "fewer" : "more"} of them rightly`;
}

const beforeText = html`<p class="empty">After a run: how both networks go on from the same beginning.</p>`;

/** Whether the network at hand reads text. */
const readsText = (state: Context["state"]): boolean =>
  state.catalog?.datasets.find((row) => row.id === completed(state).data)?.task === "next-token";

/** How both networks write on. */
function written({ start, before, after }: { start: string; before: string; after: string }): TemplateResult {
  const text = (title: string, rest: string) =>
    html`<section class="group">
      <h3>${title}</h3>
      <p class="passage"><span class="faint">${start}</span>${rest}</p>
    </section>`;
  return html`<p class="note">
      Pale, the test text's beginning; then what each network writes, every character drawn by the likelihood it is given,
      with the same random numbers.
    </p>
    <div class="passages">${text("Before the cut", before)} ${text("After the cut", after)}</div>`;
}

/** The beginning of the test text. */
function passage(ctx: Context): TemplateResult | typeof nothing {
  const { passage } = ctx.state;
  if (!passage) return nothing;
  return html`<p class="passage">${passage}</p>
    <p class="note">Text that the network never saw. It says of every character which comes next.</p>`;
}

/** The first of the test images, as the network gets them, or of the test text. */
export function samples(ctx: Context, most: number): TemplateResult | typeof nothing {
  if (readsText(ctx.state)) return passage(ctx);
  const { model, catalog, engine } = ctx.state;
  const data = catalog?.datasets.find((row) => row.id === completed(ctx.state).data);
  if (!model || !data || engine !== "ready") return nothing;
  const classes = data.classes.length > 1 ? `${data.classes.slice(0, -1).join(", ")} or ${data.classes.at(-1)}` : "";
  return html`<ul class="samples" aria-label="Test images">
      ${Array.from(
        { length: most },
        (_, index) =>
          html`<li>
            <secateur-thumb .load=${ctx.image} .of=${data.id} .index=${index} .label=${`Test image ${index}`}></secateur-thumb>
          </li>`,
      )}
    </ul>
    <p class="note">Images of ${data.name} that the network never saw. It names each: ${classes}.</p>`;
}
