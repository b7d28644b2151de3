// Below the lab: runs compared, training, examples, classes, and the record itself.

import { html, type TemplateResult } from "lit";
import type { Panel } from "../state.js";
import { classesView } from "./classes.js";
import { compareView } from "./compare.js";
import type { Context } from "./context.js";
import { examplesView } from "./examples.js";
import { recordView } from "./record.js";
import { trainingView } from "./training.js";

const PANELS: { id: Panel; name: string; view(ctx: Context): TemplateResult }[] = [
  { id: "compare", name: "Compare", view: compareView },
  { id: "training", name: "Training", view: trainingView },
  { id: "examples", name: "Examples changed", view: examplesView },
  { id: "classes", name: "Classes", view: classesView },
  { id: "record", name: "Record", view: recordView },
];

export function lower(ctx: Context): TemplateResult {
  const { panel } = ctx.state;
  const current = PANELS.find((each) => each.id === panel)!;
  return html`<section class="lower" aria-label="Runs">
    <div class="tabs" role="tablist" aria-label="Runs" @keydown=${(event: KeyboardEvent) => step(event, ctx)}>
      ${PANELS.map(
        ({ id, name }) =>
          html`<button
            role="tab"
            id="tab-${id}"
            aria-controls="panel"
            aria-selected=${id === panel}
            tabindex=${id === panel ? 0 : -1}
            @click=${() => ctx.send({ type: "panel", panel: id })}
          >
            ${name}
          </button>`,
      )}
    </div>
    <div class="panel-body" role="tabpanel" id="panel" aria-labelledby="tab-${panel}" tabindex="0">
      ${current.view(ctx)}
    </div>
  </section>`;
}

function step(event: KeyboardEvent, ctx: Context): void {
  const at = PANELS.findIndex((each) => each.id === ctx.state.panel);
  const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: PANELS.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  const wanted = PANELS[(next + PANELS.length) % PANELS.length]!.id;
  ctx.send({ type: "panel", panel: wanted });
  (event.currentTarget as HTMLElement).querySelector<HTMLElement>(`#tab-${wanted}`)?.focus();
}
