// A sweep: the list of runs that it makes, and making them one after the other.

import { isFailure } from "./client.js";
import { currentMethod } from "./select.js";
import type { Msg, State, SweepItem } from "./store.js";
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

/** Makes the runs in order, and says of each how it went; one that fails does not end the sweep. */
export async function follow(
  host: { send(msg: Msg): void },
  list: Settings[],
  run: (settings: Settings, id: string) => Promise<void>,
  stopped: () => boolean,
): Promise<void> {
  const id = Date.now().toString(36);
  const items: SweepItem[] = list.map((settings) => ({ settings, status: "waiting" }));
  host.send({ type: "sweep", sweep: { id, started: Date.now(), items, state: "working" } });
  for (let index = 0; index < list.length && !stopped(); index++) {
    host.send({ type: "sweepItem", index, status: "working" });
    try {
      await run(list[index]!, id);
      host.send({ type: "sweepItem", index, status: "done" });
    } catch (error) {
      if (stopped()) return;
      host.send({ type: "sweepItem", index, status: "failed", message: isFailure(error) ? error.message : String(error) });
    }
  }
  if (!stopped()) host.send({ type: "sweepState", state: "done" });
}
