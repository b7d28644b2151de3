// The one pure function that changes the page's state. No browser in here: it is tested without one.

import { withMethod, withSetting } from "./form.js";
import type { Accelerator } from "./gpu.js";
import { honest } from "./record.js";
import type { Msg, Run, State, Surveyed, Sweep, SweepItem } from "./state.js";
import type { Check, ModelInfo } from "./types.js";
import { startWork, workEvent } from "./work.js";

export function update(state: State, msg: Msg): State {
  switch (msg.type) {
    case "place":
      return { ...state, place: msg.place };
    case "theme":
      return { ...state, theme: msg.theme };
    case "engine":
      return { ...state, engine: msg.engine };
    case "catalog":
      return { ...state, catalog: msg.catalog };
    case "opened":
      return {
        ...state,
        model: msg.model,
        passage: msg.passage,
        cards: msg.card ? { ...state.cards, [msg.model.id]: msg.card } : state.cards,
        layer: keepLayer(state.layer, msg.model),
        engine: "ready",
        loading: undefined,
        failure: state.failure?.kind === "load" ? undefined : state.failure,
      };
    case "card":
      return { ...state, cards: { ...state.cards, [msg.id]: msg.card } };
    case "settings":
      return { ...state, settings: msg.settings };
    case "set":
      return {
        ...state,
        settings: withSetting(state, msg.key, msg.value),
        // Whoever chooses a network wants that, and not the file.
        opened: msg.key === "model" ? undefined : state.opened,
      };
    case "file":
      return {
        ...state,
        opened: msg.file,
        settings: msg.file ? withSetting(state, "model", msg.file.model) : state.settings,
        shown: msg.file ? undefined : state.shown,
      };
    case "method":
      return { ...state, settings: withMethod(state, msg.id) };
    case "checked":
      return {
        ...state,
        check: keepForm(msg.check, state.good),
        asked: msg.asked,
        good: msg.check.ok ? msg.check : state.good,
        preview: msg.preview,
      };
    case "work":
      return {
        ...state,
        work: startWork(msg.job, msg.settings, msg.at),
        ...(msg.job !== "baseline" ? { failure: undefined, notices: [] } : {}),
      };
    case "events":
      return state.work ? { ...state, work: msg.events.reduce(workEvent, state.work) } : state;
    case "paused":
      return state.work ? { ...state, work: { ...state.work, paused: msg.paused } } : state;
    case "stopped":
      return { ...state, work: undefined, survey: keepPoints(state) };
    case "finished":
      return { ...state, work: undefined, runs: [withHonest(msg.run), ...state.runs], shown: msg.run.id };
    case "baseline":
      return {
        ...state,
        work: undefined,
        baselines: { ...state.baselines, [msg.of]: honest(msg.record) },
        files: msg.file ? { ...state.files, [msg.of]: msg.file } : state.files,
      };
    case "surveyed":
      return {
        ...state,
        work: undefined,
        survey: { at: msg.at, rows: msg.survey.rows, whole: msg.survey },
      };
    case "failure":
      return { ...state, failure: msg.failure };
    case "notice":
      return { ...state, notices: msg.text === undefined ? [] : added(state.notices, msg.text) };
    case "lack":
      if (state.lacks.includes(msg.text)) return state;
      return { ...state, lacks: added(state.lacks, msg.text), notices: added(state.notices, msg.text) };
    case "gpu":
      return { ...state, gpu: msg.gpu, baselines: sameGpu(state.gpu, msg.gpu) ? state.baselines : {} };
    case "loading":
      return { ...state, loading: msg.loading };
    case "runs":
      return { ...state, runs: mergeRuns(state.runs, msg.runs.map(withHonest)) };
    case "show":
      return { ...state, shown: msg.id };
    case "forget":
      return {
        ...state,
        runs: state.runs.filter((run) => run.id !== msg.id),
        shown: state.shown === msg.id ? undefined : state.shown,
        removed: state.runs.find((run) => run.id === msg.id),
      };
    case "unforget":
      return state.removed
        ? { ...state, runs: mergeRuns(state.runs, [state.removed]), shown: state.removed.id, removed: undefined }
        : state;
    case "find":
      return { ...state, query: msg.query };
    case "look":
      return { ...state, layer: msg.name };
    case "height":
      return { ...state, height: msg.by };
    case "panel":
      return { ...state, panel: msg.panel };
    case "means":
      return { ...state, means: msg.on };
    case "cost":
      return { ...state, cost: msg.cost };
    case "axes":
      return { ...state, axesOpen: msg.open };
    case "sweep":
      return { ...state, sweep: msg.sweep };
    case "sweepItem":
      return state.sweep ? { ...state, sweep: withItem(state.sweep, msg.index, msg.status, msg.message) } : state;
    case "sweepState":
      return state.sweep ? { ...state, sweep: endSweep(state.sweep, msg.state) } : state;
  }
}

const withHonest = (run: Run): Run => ({ ...run, record: honest(run.record) });

/** What was measured with another GPU, or without one, is measured anew. */
const sameGpu = (before: Accelerator | undefined, now: Accelerator): boolean =>
  !before || JSON.stringify(before) === JSON.stringify(now);

const added = (list: string[], text: string): string[] => (list.includes(text) ? list : [...list, text]);

/** A refused recipe has no timeline and no defaults: the form keeps those it had. */
function keepForm(now: Check, last: Check | undefined): Check {
  if (now.ok || !last) return now;
  return { ...now, timeline: last.timeline, settings: { ...last.settings, ...now.settings } };
}

function keepLayer(name: string | undefined, model: ModelInfo): string | undefined {
  if (model.layers.some((layer) => layer.name === name)) return name;
  const prunable = model.layers.filter((layer) => layer.prunable);
  return (prunable.length ? prunable : model.layers).reduce((a, b) => (b.parameters > a.parameters ? b : a)).name;
}

/** Points of a survey that was cancelled are worth having, but not in place of a whole one. */
function keepPoints({ work, survey }: State): Surveyed | undefined {
  if (work?.job !== "survey" || !work.rows.length || survey?.whole) return survey;
  return { at: work.started, rows: work.rows };
}

function mergeRuns(have: Run[], more: Run[]): Run[] {
  const known = new Set(have.map((run) => run.id));
  return [...have, ...more.filter((run) => !known.has(run.id))].sort((a, b) => b.at - a.at);
}

function withItem(sweep: Sweep, index: number, status: SweepItem["status"], message?: string): Sweep {
  const items = sweep.items.map((item, i) => (i === index ? { ...item, status, message } : item));
  return { ...sweep, items };
}

function endSweep(sweep: Sweep, state: Sweep["state"]): Sweep {
  if (state !== "cancelled") return { ...sweep, state };
  const items = sweep.items.map((item) =>
    item.status === "waiting" || item.status === "working" ? { ...item, status: "dropped" as const } : item,
  );
  return { ...sweep, state, items };
}
