// Questions asked of the state; pure, like the store.

import { defaultOf } from "./settings.js";
import type { OpenedFile, Run, State } from "./state.js";
import type { Axis, Catalog, Kept, Meta, Method, RunRecord, SavedFile, Settings } from "./types.js";
import type { Work } from "./work.js";

/** The settings with everything that was left to defaults; the first network stands where none is named. */
export function completed(state: State): Settings {
  const known = { ...lasting(state), ...state.settings };
  const model = state.settings.model ?? state.catalog?.models[0]?.id;
  if (model === undefined) return known;
  const data = state.settings.data ?? state.catalog?.models.find((row) => row.id === model)?.data ?? known.data;
  return { ...known, model, ...(data === undefined ? {} : { data }) };
}

/** A setting that the rest of the recipe leaves no choice about: what it comes to, and why. */
export function lockOf({ check }: State, key: string): { value: string | undefined; why: string } | undefined {
  const why = check?.ok ? check.fixed?.[key] : undefined;
  return why === undefined ? undefined : { value: check!.settings[key], why };
}

export interface Wanted {
  model: string;
  data: string;
  file?: OpenedFile;
  key: string;
}

/** The network and images that the settings ask for, if there are such. */
export function wanted(state: State): Wanted | undefined {
  const { model, data } = completed(state);
  const models = state.catalog?.models.some((row) => row.id === model);
  const datasets = state.catalog?.datasets.some((row) => row.id === data);
  if (!model || !data || !models || !datasets) return undefined;
  const file = openedOf(state, model);
  return { model, data, ...(file ? { file } : {}), key: `${model}/${data}${file ? `/${file.id}` : ""}` };
}

/** What the last check completed, without parameters of parts that were replaced since, and without what was taken back. */
function lasting(state: State): Settings {
  const { settings, catalog, asked = {} } = state;
  const checked = state.check?.settings ?? {};
  const replaced = (catalog?.axes ?? []).filter(({ id }) => id in settings && settings[id] !== checked[id]);
  const stays = (key: string) =>
    !(key in asked && !(key in settings)) && !replaced.some(({ id }) => key.startsWith(`${id}.`));
  return {
    ...Object.fromEntries([...(catalog?.globals ?? []), ...(catalog?.running ?? [])].map((param) => [param.key, defaultOf(param)])),
    ...Object.fromEntries(Object.entries(checked).filter(([key]) => stays(key))),
  };
}

export const shownRun = (state: State): Run | undefined => state.runs.find((run) => run.id === state.shown);

/** Whether a run cut the weights that are open: figures of others are not to be set beside theirs. */
export function ofOpenWeights(state: State, { model, source }: RunRecord): boolean {
  if (!state.model) return true;
  if (model !== state.model.id) return false;
  // Records of earlier versions do not say which weights they cut: taken for the shipped ones.
  return source ? source === state.model.digest : !openedOf(state, model);
}

/** The run whose figures are on the page: only one of the open weights. */
export function runOnPage(state: State): Run | undefined {
  const run = shownRun(state);
  return run && ofOpenWeights(state, run.record) ? run : undefined;
}

export const shownRecord = (state: State): RunRecord | undefined => runOnPage(state)?.record;

/** The file that a model's weights are of, if they are not the shipped ones. */
const openedOf = ({ opened }: State, model: string): OpenedFile | undefined =>
  opened?.model === model ? opened : undefined;

/** By what the measurement of the open network goes: its file, or else its id. */
const sourceOf = (state: State, model: string): string => openedOf(state, model)?.id ?? model;

export const baseline = (state: State): RunRecord | undefined =>
  state.model ? state.baselines[sourceOf(state, state.model.id)] : undefined;

/** What can be saved of what is shown: the run's network, or the open one once it has been measured. */
export function shownFile(state: State): SavedFile | undefined {
  const run = runOnPage(state);
  if (run) return run.file;
  return state.model ? state.files[sourceOf(state, state.model.id)] : undefined;
}

export function methodOf(catalog: Catalog | undefined, id: string | undefined): Method | undefined {
  return id === undefined ? undefined : catalog?.methods.find((method) => method.id === id);
}

/** The method in force: the named one, else the one whose choices the engine finds the recipe's to be. */
export const currentMethod = (state: State): Method | undefined =>
  methodOf(state.catalog, state.settings.method ?? state.check?.method);

/** Axes and their parameters that were changed away from the method's own. */
export const overrides = (state: State): string[] => state.check?.changed ?? [];

export function partOf(axis: Axis, settings: Settings): Meta | undefined {
  return axis.parts.find((part) => part.id === (settings[axis.id] ?? axis.default));
}

export const partName = (catalog: Catalog | undefined, axis: string, id: string): string =>
  catalog?.axes.find((a) => a.id === axis)?.parts.find((part) => part.id === id)?.name ?? id;

export function methodName(catalog: Catalog | undefined, record: RunRecord): string {
  if (record.job === "baseline") return "Dense";
  return methodOfRecord(catalog, record)?.name ?? "Own recipe";
}

export const methodOfRecord = (catalog: Catalog | undefined, record: RunRecord): Method | undefined =>
  methodOf(catalog, record.method);

/** Whether an axis is folded away: few methods have anything on it, and nothing is chosen. */
export const isFolded = (axis: Axis, settings: Settings): boolean =>
  axis.quiet && (settings[axis.id] ?? axis.default) === axis.default;

export const isBaseline = (method: Method | undefined): boolean =>
  !!method && /^baseline/i.test(method.family);

/** Where a network gains parameters, none are cut. */
export const sparsityOf = (record: RunRecord): number =>
  record.size.parameters ? Math.max(0, 1 - record.size.nonzero / record.size.parameters) : 0;

/** The share that was asked for; where a method has its own, what that came to, as finely as such a figure means anything. */
export const requested = (record: RunRecord): number =>
  Number(record.recipe.sparsity ?? sparsityOf(record).toFixed(3));

/** What fell in each layer: the running job's masks, then the previewed recipe, then the shown run. */
export function keptByLayer(state: State): { kept: Map<string, Kept>; of: "work" | "preview" | "run" | "dense" } {
  const index = (rows: Kept[]) => new Map(rows.map((row) => [row.name, row]));
  if (state.work?.masks) return { kept: index(state.work.masks), of: "work" };
  const record = shownRecord(state);
  if (record && !edited(state)) return { kept: index(record.layers), of: "run" };
  if (state.preview && !state.preview.unforeseen) return { kept: index(state.preview.layers), of: "preview" };
  return { kept: new Map(), of: "dense" };
}

/** True when the form no longer says what the shown run was made with. */
export function edited(state: State): boolean {
  const run = shownRun(state);
  if (!run) return true;
  const now = completed(state);
  const then = { ...run.record.recipe, ...run.settings };
  const keys = new Set([...Object.keys(now), ...Object.keys(then)]);
  return [...keys].some((key) => key in now && key in then && now[key] !== then[key]);
}

/** What keeps the engine busy beyond a moment; the dense network's own measurement gives way. */
export function occupied(state: State): "run" | "survey" | undefined {
  if (state.work?.job === "survey") return "survey";
  const sweeping = state.sweep?.state === "working" || state.sweep?.state === "paused";
  return sweeping || state.work?.job === "run" ? "run" : undefined;
}

/** Fraction of the job done, phases weighted by their steps. */
export function fraction(work: Work): number {
  const weight = work.phases.map((phase) => Math.max(1, phase.steps));
  const all = weight.reduce((a, b) => a + b, 0);
  if (!all) return 0;
  const before = weight.slice(0, work.phase).reduce((a, b) => a + b, 0);
  const inside = work.total > 0 ? Math.min(1, work.done / work.total) : 0;
  return Math.min(1, (before + inside * (weight[work.phase] ?? 0)) / all);
}

export interface Point {
  run: Run | undefined;
  record: RunRecord;
  x: number;
  accuracy: number;
}

/** Those no other point beats on both axes; sorted by cost saved. */
export function frontier(points: Point[]): Point[] {
  const sorted = [...points].sort((a, b) => b.x - a.x || b.accuracy - a.accuracy);
  let best = -Infinity;
  const out: Point[] = [];
  for (const point of sorted) {
    if (point.accuracy > best) {
      out.push(point);
      best = point.accuracy;
    }
  }
  return out.reverse();
}

export function costOf(record: RunRecord, cost: State["cost"]): number {
  if (cost === "speed") return record.speed.ratio;
  if (cost === "size") return record.size.bytes_dense / Math.max(1, record.size.bytes_stored);
  if (cost === "arithmetic") return record.macs.dense / Math.max(1, record.macs.pruned);
  return sparsityOf(record);
}
