// Break-even: where sparsity begins to pay on this device, measured layer by layer.

import { html, nothing, type TemplateResult } from "lit";
import { styled } from "../elements/styled.js";
import { saveCsv, saveJson } from "../export.js";
import { clock, count, crosses, duration, plural, sentence } from "../format.js";
import { fraction, occupied } from "../select.js";
import { layersOf, unsteady } from "../survey.js";
import type { SurveyRow } from "../types.js";
import type { Work } from "../work.js";
import { answers, facts } from "./answers.js";
import type { Context } from "./context.js";
import { example, layerCharts, surveyTable } from "./layers.js";
import { ofCpu, onGpu } from "./on-gpu.js";

export function breakEvenView(ctx: Context): TemplateResult {
  const { state } = ctx;
  const work = state.work?.job === "survey" ? state.work : undefined;
  const rows: SurveyRow[] = work?.rows ?? state.survey?.rows ?? [];
  const layers = layersOf(
    ofCpu(rows),
    work?.phases.filter((phase) => phase.kind === "measure").map((phase) => phase.label),
  );
  return html`<main class="page wide survey">
    <h1>Break-even</h1>
    <p class="lead">
      Single layers, cut more and more and timed here against the fastest dense kernel for them: where a line rises
      above 1×, sparsity begins to pay on this device.
    </p>
    ${actions(ctx, work)}
    ${
      layers.length
        ? html`${answers(layers, !!work)} ${facts(state.survey?.whole)} ${head(ctx, rows, !!work)}
            ${layerCharts(layers, ofCpu(rows))} ${onGpu(rows, state.survey?.whole?.gpu)}`
        : example()
    }
  </main>`;
}

function actions(ctx: Context, work: Work | undefined): TemplateResult {
  const { state } = ctx;
  const reason = work ? undefined : refusal(ctx);
  return html`<section class="act" aria-label="Measure">
    <button
      class=${work ? "main stop" : "main"}
      ?disabled=${!!reason}
      aria-describedby="survey-status"
      @click=${() => (work ? ctx.cancel() : ctx.survey())}
    >
      ${work ? "Cancel" : state.survey ? "Measure again" : "Measure here"}
    </button>
    <div class="status" id="survey-status">${work ? progress(work) : (failed(ctx) ?? reason ?? idle(ctx))}</div>
  </section>`;
}

/** Why it cannot be measured now, in words. */
function refusal(ctx: Context): TemplateResult | undefined {
  const { state } = ctx;
  const line = (text: unknown): TemplateResult => html`<p class="label">${text}</p>`;
  if (occupied(state) === "run")
    return line(
      html`A run is under way, and two measurements at once would spoil each other. Wait for it, or
        <button class="quiet" @click=${() => ctx.go({ tab: "lab" })}>cancel it in the lab</button>.`,
    );
  if (state.engine === "ready" || state.engine === "unopened" || (state.engine !== "dead" && state.engine !== "restarting" && done(ctx)))
    return undefined;
  if (state.engine === "dead")
    return line(
      html`The engine is not running.
        <button class="quiet" @click=${() => ctx.restart()}>Start it again</button>`,
    );
  return line("The engine is starting.");
}

/** The page is done with opening a network, also where it could not open one: layers are measured without. */
const done = ({ state }: Context): boolean =>
  !!state.catalog && (!!state.failure || (state.engine === "starting" && !!state.check));

function failed(ctx: Context): TemplateResult | undefined {
  const { failure, engine } = ctx.state;
  if (!failure) return undefined;
  return html`<p class="problem" role="alert">
    <strong>${sentence(failure.message)}</strong> ${sentence(failure.hint)}
    ${engine === "dead" ? html`<button class="quiet" @click=${() => ctx.restart()}>Start the engine again</button>` : nothing}
    <button class="quiet" @click=${() => ctx.send({ type: "failure", failure: undefined })}>Dismiss</button>
  </p>`;
}

function idle(ctx: Context): TemplateResult {
  const { survey } = ctx.state;
  if (!survey)
    return html`<p class="label">About ten seconds. The figures are best when nothing else is going on.</p>`;
  const points = plural(survey.rows.length, "point");
  return survey.whole
    ? html`<p class="label">
        Measured at ${clock(survey.at)}: ${points} in ${duration(survey.whole.seconds)}.
        ${
          unsteady(survey.rows)
            ? html`<b>The intervals are wide: other work disturbed it.</b> Measure again when this device is at rest.`
            : "Kept while the page is open."
        }
      </p>`
    : html`<p class="label">Cancelled after ${points}; those are shown.</p>`;
}

function progress(work: Work): TemplateResult {
  const at = fraction(work);
  const spent = (Date.now() - work.started) / 1000;
  const left = at > 0.04 && spent > 1 ? `${duration((spent / at) * (1 - at))} left` : "";
  const phase = work.phases[work.phase];
  return html`<div
      class="progress"
      role="progressbar"
      aria-label="Measurement"
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${Math.round(at * 100)}
    >
      <i ${styled({ width: `${(at * 100).toFixed(2)}%` })}></i>
    </div>
    <p class="label split">
      <span>${phase ? `${crosses(phase.label)}, ${count(work.done)} of ${count(work.total || phase.steps)}` : "Beginning"}</span>
      <span class="faint">${left}</span>
    </p>`;
}

function head(ctx: Context, rows: SurveyRow[], working: boolean): TemplateResult {
  const { survey } = ctx.state;
  return html`<div class="head">
    <h2>Layer by layer</h2>
    <span class="tools">
      <button
        class="quiet"
        ?disabled=${working}
        @click=${() => saveCsv(surveyTable(rows), "secateur-break-even")}
      >
        Save CSV
      </button>
      <button
        class="quiet"
        ?disabled=${working}
        @click=${() => saveJson(survey?.whole ?? { rows }, "secateur-break-even")}
      >
        Save JSON
      </button>
    </span>
  </div>`;
}
