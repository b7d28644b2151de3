// What the page knows, and what can happen to it: types, and how it begins.

import type { Accelerator } from "./gpu.js";
import type {
  AccuracyPoint,
  Card,
  Catalog,
  Check,
  Failure,
  Job,
  LabEvent,
  ModelInfo,
  Preview,
  RunRecord,
  SavedFile,
  Settings,
  Survey,
  SurveyRow,
} from "./types.js";
import type { Place } from "./url.js";
import type { Work } from "./work.js";

export interface Run {
  id: string;
  at: number;
  /** What was asked for; the record holds what it became. */
  settings: Settings;
  record: RunRecord;
  /** Accuracy on held out images during training: the record has none of it. */
  held?: AccuracyPoint[];
  /** The network; runs that an earlier version kept have none. */
  file?: SavedFile;
  sweep?: string;
}

/** A file of weights that the visitor opened in place of those of the page. */
export interface OpenedFile {
  /** Tells it from others that were opened. */
  id: string;
  name: string;
  model: string;
  bytes: Uint8Array;
}

export interface SweepItem {
  settings: Settings;
  status: "waiting" | "working" | "done" | "failed" | "dropped";
  message?: string;
}

export interface Sweep {
  id: string;
  started: number;
  items: SweepItem[];
  state: "working" | "paused" | "done" | "cancelled";
}

/** The points of the last survey. What was learned of the device comes at its end: a cancelled one is without. */
export interface Surveyed {
  at: number;
  rows: SurveyRow[];
  whole?: Survey;
}

/** `unopened`: it runs, and the network could not be loaded. */
export type Engine = "starting" | "opening" | "unopened" | "ready" | "restarting" | "dead";
export type Panel = "compare" | "training" | "examples" | "classes" | "record";
export type Cost = "speed" | "size" | "arithmetic" | "sparsity";
export type Theme = "auto" | "light" | "dark";

/** A file on its way, in bytes; the total is 0 where nobody says. */
export interface Loading {
  file: string;
  done: number;
  total: number;
}

export interface State {
  place: Place;
  theme: Theme;
  engine: Engine;
  catalog?: Catalog;
  settings: Settings;
  check?: Check;
  /** The settings that were checked. */
  asked?: Settings;
  /** The last check that found nothing wrong. */
  good?: Check;
  preview?: Preview;
  model?: ModelInfo;
  /** The beginning of the test text, where the network reads one. */
  passage?: string | undefined;
  cards: Record<string, Card>;
  /** The network as it is, measured: one a model, and one for each file that was opened. */
  baselines: Record<string, RunRecord>;
  /** The same networks as files. */
  files: Record<string, SavedFile>;
  /** What was opened in place of the shipped weights. */
  opened?: OpenedFile;
  runs: Run[];
  shown?: string;
  work?: Work;
  sweep?: Sweep;
  survey?: Surveyed;
  failure?: Failure;
  /** Told until dismissed, or until a run begins. */
  notices: string[];
  /** What this browser does not give; told once, and found under About. */
  lacks: string[];
  gpu?: Accelerator;
  loading?: Loading;
  layer?: string;
  height: "parameters" | "time";
  panel: Panel;
  cost: Cost;
  /** Whether runs that differ by their seed are one point; unset, where a sweep was made. */
  means?: boolean;
  axesOpen: boolean;
  /** What methods are looked for by. */
  query: string;
  /** The run removed last: it can be brought back. */
  removed?: Run;
}

export type Msg =
  | { type: "place"; place: Place }
  | { type: "theme"; theme: Theme }
  | { type: "engine"; engine: Engine }
  | { type: "catalog"; catalog: Catalog }
  | { type: "opened"; model: ModelInfo; card?: Card | undefined; passage?: string | undefined }
  | { type: "card"; id: string; card: Card }
  | { type: "settings"; settings: Settings }
  | { type: "set"; key: string; value: string | undefined }
  | { type: "method"; id: string }
  | { type: "checked"; check: Check; asked?: Settings; preview?: Preview }
  | { type: "work"; job: Job; settings: Settings; at: number }
  | { type: "events"; events: LabEvent[] }
  | { type: "paused"; paused: boolean }
  | { type: "stopped" }
  | { type: "finished"; run: Run }
  | { type: "baseline"; of: string; record: RunRecord; file?: SavedFile }
  | { type: "file"; file: OpenedFile | undefined }
  | { type: "surveyed"; survey: Survey; at: number }
  | { type: "failure"; failure: Failure | undefined }
  | { type: "notice"; text: string | undefined }
  | { type: "lack"; text: string }
  | { type: "gpu"; gpu: Accelerator }
  | { type: "loading"; loading: Loading | undefined }
  | { type: "runs"; runs: Run[] }
  | { type: "show"; id: string | undefined }
  | { type: "forget"; id: string }
  | { type: "look"; name: string }
  | { type: "height"; by: "parameters" | "time" }
  | { type: "panel"; panel: Panel }
  | { type: "cost"; cost: Cost }
  | { type: "means"; on: boolean }
  | { type: "axes"; open: boolean }
  | { type: "find"; query: string }
  | { type: "unforget" }
  | { type: "sweep"; sweep: Sweep | undefined }
  | { type: "sweepItem"; index: number; status: SweepItem["status"]; message?: string }
  | { type: "sweepState"; state: Sweep["state"] };

export const initial = (): State => ({
  place: { tab: "lab" },
  theme: "auto",
  engine: "starting",
  settings: {},
  cards: {},
  baselines: {},
  files: {},
  runs: [],
  notices: [],
  lacks: [],
  height: "parameters",
  panel: "compare",
  cost: "speed",
  axesOpen: false,
  query: "",
});
