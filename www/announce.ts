// What is said aloud of a job between its first word and its verdict, for those who do not see the bar move.

import { fraction } from "./select.js";
import type { State } from "./state.js";

/** Longer schedules repeat the same few phases: of those, quarters are told and not every phase. */
const MANY = 8;

export function announcement(state: State): string {
  const { work } = state;
  if (!work || work.job === "baseline") return "";
  const job = work.job === "survey" ? "Measuring" : "Pruning";
  if (work.paused) return `${job} is paused.`;
  const phase = work.phases[work.phase];
  if (!phase) return `${job} begins.`;
  if (work.phases.length <= MANY) return `${phase.label}, part ${work.phase + 1} of ${work.phases.length}.`;
  const quarter = Math.floor(4 * fraction(work)) * 25;
  return quarter ? `${quarter}% done.` : `${job}: ${work.phases.length} parts.`;
}
