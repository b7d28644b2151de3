// The page's title: where one is, and how far a job is, so that a tab in the background says it.

import { percent } from "./format.js";
import { fraction, methodOf } from "./select.js";
import type { State } from "./state.js";

const PLACES = { methods: "Methods", "break-even": "Break-even", about: "About" };

/** What the page is called when nothing goes on; index.html says the same. */
export const TITLE = "Secateur: prune a neural network and measure what it buys";

export function titleOf(state: State): string {
  const { place, work, catalog } = state;
  if (work && work.job !== "baseline") {
    const job = work.job === "survey" ? "Measuring" : work.paused ? "Paused" : "Pruning";
    return `${job}, ${percent(fraction(work), 0)} · Secateur`;
  }
  if (place.tab === "lab") return TITLE;
  const name = methodOf(catalog, place.page)?.name;
  return `${name ? `${name} · ` : ""}${PLACES[place.tab]} · Secateur`;
}
