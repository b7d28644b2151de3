// The phases of the recipe in order; while a run is under way, how far each is.

import { html, nothing, type TemplateResult } from "lit";
import { styled } from "../elements/styled.js";
import { count, plural, share } from "../format.js";
import { edited, shownRecord } from "../select.js";
import type { Stage } from "../types.js";
import type { Context } from "./context.js";

/** Where the number of steps says something to a reader, and what it counts. */
const UNIT: Record<string, string> = { train: "step", measure: "sample" };

/** Long schedules repeat the same few phases; those beyond this many are drawn as one. */
const MANY = 14;

export function timeline(ctx: Context): TemplateResult {
  const { work, check } = ctx.state;
  const running = work?.job === "run" && work.phases.length > 0;
  // What was done stays done until the form asks for something else.
  const over = running || edited(ctx.state) ? undefined : shownRecord(ctx.state)?.timeline;
  const phases = running ? work.phases : (over ?? check?.timeline ?? []);
  const now = running ? work.phase : over ? phases.length : -1;
  const inside = running && work.total ? Math.min(1, work.done / work.total) : 0;
  return html`<section class="timeline" aria-labelledby="timeline-title">
    <h3 id="timeline-title">Timeline</h3>
    <ol class=${phases.length > MANY ? "dense" : ""}>
      ${phases.map((phase, i) => step(phase, i < now ? 1 : i === now ? inside : 0, i === now))}
    </ol>
    ${
      phases.length > MANY
        ? html`<details>
            <summary>
              ${plural(phases.length, "phase")}${running ? `: ${phases[now]?.label ?? ""}, ${count(now + 1)} of ${count(phases.length)}` : ""}
            </summary>
            <ol>
              ${phases.map((phase) => html`<li>${phase.label}</li>`)}
            </ol>
          </details>`
        : nothing
    }
  </section>`;
}

function step(phase: Stage, done: number, current: boolean): TemplateResult {
  const unit = UNIT[phase.kind];
  const what =
    phase.kind === "prune" && phase.sparsity !== undefined && !phase.label.includes("%")
      ? `to ${share(phase.sparsity)}`
      : unit && phase.steps > 1
        ? plural(phase.steps, unit)
        : "";
  return html`<li
    class="${phase.kind} ${current ? "current" : ""} ${done >= 1 ? "over" : ""}"
    ${styled({ "flex-grow": String(weight(phase)) })}
    aria-current=${current ? "step" : "false"}
    title="${phase.label}${what ? `, ${what}` : ""}"
  >
    <i ${styled({ width: `${(done * 100).toFixed(1)}%` })}></i>
    <span class="what">${phase.label}</span><span class="faint">${what}</span>
  </li>`;
}

/** Training is long and the rest short, but each has to be read. */
const weight = (phase: Stage): number => (phase.kind === "train" ? 2.2 : 1);
