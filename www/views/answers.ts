// The survey in short: from where on each way to cut pays, and what this device is like.

import { html, type TemplateResult } from "lit";
import { crosses, fixed, percent, plural, ratio } from "../format.js";
import { summaries, type Summary, type SurveyedLayer } from "../survey.js";
import type { Survey } from "../types.js";
import { how } from "./how.js";

/** While it is measured there are no answers yet, but places for them. */
export function answers(layers: SurveyedLayer[], working: boolean): TemplateResult {
  const all = summaries(layers);
  const wait = html`<span class="wait">–</span>`;
  return html`<section class="answers" aria-label="In short" aria-live="polite">
    ${
      working
        ? (all.length ? all : [{ name: "" }]).map(({ name }) => cell(wait, crosses(name), "being measured"))
        : all.map(answer)
    }
  </section>`;
}

const cell = (big: unknown, label: unknown, detail: unknown): TemplateResult =>
  html`<div class="cell">
    <p class="big">${big}</p>
    <p class="label">${label}</p>
    <p class="label faint">${detail}</p>
  </div>`;

function answer({ layers, pays, at, early, point, ...series }: Summary): TemplateResult {
  const name = crosses(series.name);
  if (point)
    return cell(
      `${fixed(point.middle, 2)}×`,
      `${name}, at ${percent(point.sparsity, 0)}`,
      `faster on ${pays} of ${plural(layers, "layer")}${range(ratio(point.least), ratio(point.most))}`,
    );
  if (!at) return cell("never", name, `on none of ${plural(layers, "layer")}`);
  return cell(
    `${early ? "by" : "from"} ${percent(at.middle, 0)}`,
    name,
    `on ${pays} of ${plural(layers, "layer")}${range(percent(at.least, 0), percent(at.most, 0))}`,
  );
}

const range = (from: string, to: string): string => (from === to ? "" : `, ${from} to ${to}`);

/** What was learned of the device at the survey's end. */
export function facts(survey: Survey | undefined): TemplateResult {
  const fact = (term: string, text: string) =>
    html`<div>
      <dt>${term}</dt>
      <dd>${text}</dd>
    </div>`;
  const known = (text: (survey: Survey) => string): string => (survey ? text(survey) : "–");
  return html`<section aria-label="This device"><dl class="facts">
    ${fact(
      "SIMD peak",
      known((s) => `${fixed(s.peak_gflops, s.peak_gflops < 100 ? 1 : 0)} GFLOP/s`),
    )}
    ${fact(
      "Instructions",
      known((s) => s.simd),
    )}
    ${fact(
      "Relaxed SIMD",
      known((s) => (s.relaxed_simd ? "yes" : "no")),
    )}
    ${fact(
      "Threads",
      known((s) => String(s.threads)),
    )}
    ${fact(
      "Timer step",
      known((s) => `${fixed(s.timer_step_us, s.timer_step_us < 1 ? 2 : 0)} µs${s.isolated ? "" : ", not isolated"}`),
    )}
    <div>
      <dt>Method</dt>
      <dd>${howSurvey}</dd>
    </div>
  </dl></section>`;
}

const howSurvey = how(
  "the break-even",
  html`<p>
      Each layer runs alone, in the layout that a network hands it. Dense and cut take turns; the ratio is that of the
      means over the middle half of the samples, with its bootstrap interval at 95%.
    </p>
    <p>
      The break-even is where the line crosses 1× for good, between two measured points drawn straight on the
      logarithmic axis. In short: the middle of the layers on which it pays; "by" where it pays at the least share measured already.
    </p>
    <p>The peak is the rate of SIMD multiply-adds on data in registers: no kernel can go beyond it.</p>`,
);
