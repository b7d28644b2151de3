// A job under way and what its events make of it; pure, a part of the store.

import type { AccuracyPoint, Job, Kept, LabEvent, Stage, Settings, Shown, Speed, SurveyRow, TrainPoint } from "./types.js";

/** A job under way. Figures of the run before stay on the page beside it. */
export interface Work {
  job: Job;
  settings: Settings;
  started: number;
  paused: boolean;
  phases: Stage[];
  phase: number;
  done: number;
  total: number;
  curve: TrainPoint[];
  accuracy: AccuracyPoint[];
  shown: Shown[];
  masks?: Kept[];
  speed?: Speed;
  notes: string[];
  /** Points of a survey, as they are measured. */
  rows: SurveyRow[];
}

export function startWork(job: Job, settings: Settings, at: number): Work {
  return {
    job,
    settings,
    started: at,
    paused: false,
    phases: [],
    phase: 0,
    done: 0,
    total: 0,
    curve: [],
    accuracy: [],
    shown: [],
    notes: [],
    rows: [],
  };
}

/** Steps up to one: those after it are done again where a GPU was lost. */
const before = <P extends { step: number }>(points: P[], step: number): P[] =>
  (points.at(-1)?.step ?? 0) < step ? points : points.filter((point) => point.step < step);

/** What an event of the engine adds to the work. */
export function workEvent(work: Work, event: LabEvent): Work {
  switch (event.type) {
    case "timeline":
      return { ...work, phases: event.phases };
    case "phase":
      return { ...work, phase: event.index, done: 0, total: work.phases[event.index]?.steps ?? 0 };
    case "progress":
      return { ...work, phase: event.phase, done: event.done, total: event.total };
    case "train":
      return { ...work, curve: [...before(work.curve, event.step), event] };
    case "accuracy":
      return { ...work, accuracy: [...before(work.accuracy, event.step + 1), event] };
    case "shown":
      return { ...work, shown: [...before(work.shown, event.step + 1), event] };
    case "masks":
      return { ...work, masks: event.layers };
    case "speed":
      return { ...work, speed: event.speed };
    case "measured":
      return { ...work, rows: [...work.rows, event.row] };
    case "note":
      return { ...work, notes: [...work.notes, event.message] };
    default:
      return work;
  }
}
