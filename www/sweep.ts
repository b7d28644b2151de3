// A sweep: the list of runs that it makes, and making them one after the other.

import { isFailure } from "./client.js";
import { count, duration, plural } from "./format.js";
import { number, setting, type List } from "./numbers.js";
import { currentMethod } from "./select.js";
import type { Msg, Run, State, SweepItem } from "./state.js";
import type { Settings } from "./types.js";
import { queryFromSettings } from "./url.js";

/** More than these would run for hours. */
const MOST = 200;

/** What the dialog's boxes hold. */
export interface Plan {
  /** In per cent. */
  sparsities: List;
  seeds: List;
  methods: string[];
  /** As it stands in the boxes. */
  budget: Budget;
}

/** A budget's numbers as settings, however they were written. */
export const understood = (budget: Budget): Budget =>
  budget && Object.fromEntries(Object.entries(budget).map(([key, text]) => [key, setting(text) ?? ""]));

/** What a plan comes to, in words, and whether it may start: not while anything in it was not understood. */
export function tallied({ sparsities, seeds, methods, budget }: Plan, secondsEach: number): { says: string; ok: boolean } {
  const amounts = Object.values(budget ?? {}).filter((text) => !((number(text) ?? 0) > 0));
  const odd = [...sparsities.odd, ...seeds.odd, ...amounts];
  const runs = sparsities.values.length * seeds.values.length * methods.length;
  const no = (says: string) => ({ says, ok: false });
  if (odd.length) return no(`Not understood: ${odd.map((piece) => `“${piece}”`).join(", ")}. Seeds are whole numbers.`);
  if (sparsities.values.some((value) => !(value >= 0 && value < 100)))
    return no("Sparsities go from 0 up to, not including, 100%.");
  if (seeds.values.some((value) => value < 0)) return no("Seeds are whole numbers from 0 on.");
  const understood = [
    sparsities.values.length ? `sparsity ${sparsities.values.map((value) => `${value}%`).join(", ")}` : "",
    seeds.values.length ? `${seeds.values.length === 1 ? "seed" : "seeds"} ${seeds.values.join(", ")}` : "",
  ];
  const read = understood.filter(Boolean).join("; ");
  if (!runs) return no(`${read ? `Understood: ${read}. ` : ""}Choose at least one of each.`);
  if (runs > MOST) return no(`${count(runs)} runs are too many for one sweep; ${MOST} is the most.`);
  const time = secondsEach ? `, about ${duration(runs * secondsEach)}` : "";
  return { says: `${plural(runs, "run")}${time}: ${read}.`, ok: true };
}

/** What every method of a sweep is given; nothing where each keeps its own. */
export type Budget = Settings | undefined;

/** Keys of the form that say how a method trains: one budget for all takes their place. */
const TRAINS = ["recovery.steps", "recovery.lr", "training.steps", "training.epochs", "training.lr"];

/** A method brings its own choices: axis settings of the form are taken over only for the form's own method. */
export function combine(
  state: State,
  { methods, shares, seeds, budget }: { methods: string[]; shares: number[]; seeds: number[]; budget: Budget },
): Settings[] {
  const axes = new Set((state.catalog?.axes ?? []).map((axis) => axis.id));
  const entries = Object.entries(state.settings).filter(([key]) => !budget || !TRAINS.includes(key));
  const common = Object.fromEntries(entries.filter(([key]) => !axes.has(key.split(".")[0]!)));
  const own = currentMethod(state)?.id;
  const list: Settings[] = [];
  for (const seed of seeds)
    for (const share of shares)
      for (const method of methods)
        list.push({
          ...(method === own ? Object.fromEntries(entries) : common),
          ...budget,
          method,
          sparsity: String(+share.toPrecision(12)),
          seed: String(seed),
        });
  return list;
}

/** Whether a run was made with just these settings. */
export const made = (runs: Run[], settings: Settings): boolean =>
  runs.some((run) => queryFromSettings(run.settings) === queryFromSettings(settings));

/** Whether a record's recipe is what settings come to, all of them. */
export const alike = (recipe: Settings, settings: Settings): boolean =>
  Object.entries(settings).every(([key, value]) => recipe[key] === value);

/**
 * Makes the runs in order, and says of each how it went; one that fails does not end the sweep. What was made before, by this
 * sweep before it was interrupted or by hand, is not made again.
 */
export async function follow(
  host: { state: State; send(msg: Msg): void },
  list: Settings[],
  run: (settings: Settings, id: string) => Promise<void>,
  stopped: () => boolean,
): Promise<void> {
  const id = Date.now().toString(36);
  const items: SweepItem[] = list.map((settings) => ({
    settings,
    status: made(host.state.runs, settings) ? "done" : "waiting",
  }));
  host.send({ type: "sweep", sweep: { id, started: Date.now(), items, state: "working" } });
  for (let index = 0; index < list.length && !stopped(); index++) {
    if (items[index]!.status === "done") continue;
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
