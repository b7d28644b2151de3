// The list of runs a sweep makes; pure.

import { currentMethod } from "./select.js";
import type { State } from "./store.js";
import type { Settings } from "./types.js";

/** "50, 80; 90" -> [50, 80, 90]; what is no number is left out, doubles too. */
export function numbers(text: string): number[] {
  const all = text
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map(Number)
    .filter(Number.isFinite);
  return [...new Set(all)];
}

/** A method brings its own choices: axis settings of the form are taken over only for the form's own method. */
export function combine(state: State, methods: string[], sparsities: number[], seeds: number[]): Settings[] {
  const axes = new Set((state.catalog?.axes ?? []).map((axis) => axis.id));
  const common: Settings = {};
  for (const [key, value] of Object.entries(state.settings)) if (!axes.has(key.split(".")[0]!)) common[key] = value;
  const own = currentMethod(state)?.id;
  const list: Settings[] = [];
  for (const seed of seeds)
    for (const sparsity of sparsities)
      for (const method of methods)
        list.push({
          ...(method === own ? state.settings : common),
          method,
          sparsity: String(+sparsity.toFixed(6)),
          seed: String(seed),
        });
  return list;
}
