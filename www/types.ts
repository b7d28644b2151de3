// What crosses between the engine and the page. Maps are plain objects; fractions run from 0 to 1.

export type Settings = Record<string, string>;

export interface Source {
  cite: string;
  url: string;
}

export type ParamKind =
  | { type: "float"; default: number; min: number; max: number; log: boolean; unit?: string }
  | { type: "int"; default: number; min: number; max: number; unit?: string }
  | { type: "choice"; default: string; of: string[] }
  | { type: "flag"; default: boolean }
  /** A number, or the word `own` for what the method or the network has of itself. */
  | { type: "own"; whole: boolean; min: number; max: number; log: boolean }
  /** Words that the network at hand gives a meaning, separated by commas. */
  | { type: "words"; default: string };

export interface Param {
  key: string;
  label: string;
  what: string;
  kind: ParamKind;
}

export interface Meta {
  id: string;
  name: string;
  what: string;
  formula: string;
  sources: Source[];
  params: Param[];
}

export interface Axis {
  id: string;
  name: string;
  question: string;
  default: string;
  /** Few methods have anything on it: it is folded away until something is chosen. */
  quiet?: boolean;
  parts: Meta[];
}

export interface Method {
  id: string;
  name: string;
  what: string;
  formula: string;
  sources: Source[];
  family: string;
  /** Other names that people know it by. */
  aliases?: string[];
  reading?: string;
  /** True for the methods every comparison should show. */
  baseline?: boolean;
  settings: Settings;
}

export interface ModelRow {
  id: string;
  name: string;
  what: string;
  data: string;
  input: number[];
  classes: number;
  /** Whether it computes on tokens: what that takes comes with the engine's second file. */
  tokens: boolean;
}

export interface DataRow {
  id: string;
  name: string;
  what: string;
  license: string;
  attribution: string;
  source: string;
  /** What is asked of the network about an example: its class, or which token follows each of its own. */
  task: "classes" | "next-token";
  classes: string[];
  shape: number[];
}

export interface Catalog {
  version: string;
  axes: Axis[];
  methods: Method[];
  globals: Param[];
  /** How what is left is trained. */
  training: Param[];
  /** What a visitor without wishes of their own sees first. */
  first: Settings;
  /** What a sweep gives every method unless it is told otherwise. */
  budget: Settings;
  /** How the pruned network is run when it is measured. */
  running: Param[];
  models: ModelRow[];
  datasets: DataRow[];
  /** What networks can be saved as. */
  formats: FormatRow[];
}

export interface FormatRow {
  id: string;
  name: string;
  /** What file names end in. */
  suffix: string;
  /** What it holds and who reads it. */
  what: string;
}

/** The run that a saved file comes from. */
export interface Origin {
  model: string;
  recipe: Settings;
  seed: string;
  digest: string;
  /** Digest of the weights that were cut. */
  source: string;
  producer: string;
}

/** A network as a finished job left it, and how long it is in each format. */
export interface SavedFile {
  bytes: Uint8Array;
  sizes: Record<string, number>;
}

/** `score prune train rewind recalibrate fuse evaluate compile measure` and what else an engine may do. */
export type PhaseKind = string;

export interface Phase {
  kind: PhaseKind;
  label: string;
  steps: number;
  sparsity?: number;
}

export interface Problem {
  key: string;
  message: string;
  hint: string;
}

export interface Check {
  ok: boolean;
  errors: Problem[];
  disabled: Record<string, Record<string, string>>;
  settings: Settings;
  timeline: Phase[];
  warnings: string[];
  /** Settings that the rest of the recipe leaves no choice about, and why. */
  fixed?: Record<string, string>;
}

export interface Failure {
  kind: string;
  message: string;
  hint: string;
  key?: string;
}

export interface LayerInfo {
  name: string;
  kind: "conv" | "depthwise" | "linear";
  shape: number[];
  out: number[];
  parameters: number;
  macs: number;
  prunable: boolean;
}

export interface ModelInfo {
  id: string;
  name: string;
  /** Digest of its weights. */
  digest: string;
  parameters: number;
  macs: number;
  input: number[];
  layers: LayerInfo[];
  links: [string, string][];
  /** Parameters that are not zero. */
  nonzero?: number;
  /** The run that saved its file, if one did. */
  saved?: Origin | null;
  /** What is to be known about it: that it is pruned already, how its file was read. */
  notes?: string[];
}

export interface Kept {
  name: string;
  kept: number;
  total: number;
}

export interface Preview {
  layers: Kept[];
  bytes_dense: number;
  bytes_stored: number;
  kept: number;
  total: number;
  /** Why this is not the run's own cut, where magnitudes stand in for the scores. */
  stand_in?: string;
  /** Nothing can be said before a run: the figures are those of the whole network. */
  unforeseen?: boolean;
  /** What is overruled or missed, with the share reached. */
  notes?: string[];
}

export interface TrainPoint {
  step: number;
  loss: number;
  accuracy: number;
  lr?: number;
}

export interface AccuracyPoint {
  step: number;
  /** Null where no image was held out. */
  accuracy: number | null;
  low: number | null;
  high: number | null;
  n: number;
  split: string;
}

export type LabEvent =
  | { type: "timeline"; phases: Phase[] }
  | { type: "phase"; index: number; label: string; kind: PhaseKind }
  | { type: "progress"; phase: number; done: number; total: number }
  | ({ type: "train" } & TrainPoint)
  | ({ type: "accuracy" } & AccuracyPoint)
  | ({ type: "shown" } & Shown)
  | { type: "masks"; sparsity: number; layers: Kept[] }
  | { type: "speed"; speed: Speed }
  | { type: "note"; level: "info" | "warn"; message: string }
  | { type: "measured"; row: SurveyRow }
  | { type: "survey"; survey: Survey }
  | { type: "result"; record: RunRecord }
  | { type: "done" };

export interface LayerRow {
  name: string;
  shape: number[];
  sparsity: number;
  kernel: string;
  why: string;
  dense_us: number;
  pruned_us: number;
  kept: number;
  total: number;
  candidates: { kernel: string; us: number }[];
}

export interface Environment {
  simd: boolean;
  relaxed_simd: boolean;
  threads: number;
  /** Threads that could be had. */
  cores: number;
  timer_step_us: number;
  isolated: boolean;
  user_agent: string;
  version: string;
  target: string;
  /** What ran the pruned network: `cpu` or `gpu`. */
  executor?: string;
  /** The GPU's name for itself. */
  gpu?: string;
  /** What a GPU took part in: what it computes is not the same bits everywhere. */
  gpu_took_part?: string[];
}

/** Times of a forward pass, in milliseconds, and their ratio with its interval. */
export interface Times {
  dense_ms: number;
  pruned_ms: number;
  ratio: number;
  low: number;
  high: number;
  samples: number;
}

/** The times that count: each network's on what ran it. */
export interface Speed extends Times {
  batch: number;
  /** Threads that shared a run of the cut network, and of the dense one: the fastest number of those allowed. */
  threads?: number;
  dense_threads?: number;
  executor?: string;
  dense_executor?: string;
  /** Both executors, where there are two. */
  by_executor?: ExecutorSpeed[];
  /** The batch from which the GPU is faster. */
  passes_at?: number;
  /** Why the ratio is not to be believed. */
  doubt?: string;
}

/** Times on one executor, and how many times faster it is than the processor. */
export interface ExecutorSpeed extends Times {
  executor: string;
  gain: number;
  gain_low: number;
  gain_high: number;
  /** Milliseconds to the first answers. */
  cold_ms: number;
  dispatches: number;
  /** Milliseconds that the GPU says its kernels take. */
  kernels_ms?: number;
}

export interface RunRecord {
  format: number;
  model: string;
  data: string;
  method?: string;
  recipe: Settings;
  seed: number;
  job: "baseline" | "run";
  /** What training came to; records of earlier versions have none. */
  training?: {
    steps: number;
    images: number;
    batch: number;
    lr?: number;
    optimizer: string;
    momentum?: number;
    decay: number;
    augment: boolean;
  };
  /** Null where there were no images to tell by. */
  accuracy: {
    before: number | null;
    after: number | null;
    low: number | null;
    high: number | null;
    n: number;
    before_low: number | null;
    before_high: number | null;
    /** Of the pruned network with 32-bit floats, where it computes with less. */
    float?: number | null;
    top5_before?: number | null;
    top5_after?: number | null;
  };
  size: { parameters: number; nonzero: number; bytes_dense: number; bytes_stored: number };
  macs: { dense: number; pruned: number };
  speed: Speed;
  layers: LayerRow[];
  environment: Environment;
  digest: string;
  /** Digest of the weights that were cut; records of old do not say. */
  source?: string;
  verdict: string;
  notes: string[];
  classes: ClassRow[];
  changed: { index: number; label: number; before: number; after: number }[];
  /** How many there are in all; `changed` holds the first of them. */
  changed_total?: number;
  /** All of them, by what became of them. */
  changed_counts?: { lost: number; gained: number; other: number };
  timeline: Phase[];
  curve: TrainPoint[];
  /** Numbers that the training shaped, four times in its course. */
  shown?: Shown[];
  /** How well a network of characters says which comes next, in bits per character, and what both networks write. */
  text?: { bits_before: number; bits_after: number; written?: { start: string; before: string; after: string } };
  /** What single images took, where each runs a part of the network. */
  per_image?: { images: number; macs: Spread; ms: Spread };
  /** What a search tried, and the shares by layer that it settled on. */
  search?: { shares: string; trials: { shares: string; ratio: number; low: number; high: number }[] };
  seconds: number;
}

/** Mean and sample standard deviation. */
export interface Spread {
  mean: number;
  deviation: number;
}

/** How often numbers occurred at a training step: counts in equal bins from 0 to `top`. */
export interface Shown {
  step: number;
  histogram: { what: string; top: number; counts: number[] };
}

/** How a class fared; null where the test set has no image of it. */
export interface ClassRow {
  label: string;
  n: number;
  before: number | null;
  after: number | null;
}

/** One layer in one form at one sparsity, against the fastest dense form for it. */
export interface SurveyRow {
  /** `cpu` or `gpu`. */
  executor?: string;
  /** Id of the layer's shape. */
  layer: string;
  layer_name: string;
  /** What is cut, for people. */
  series: string;
  sparsity: number;
  us: number;
  dense_us: number;
  /** Times faster than dense, with its interval. */
  ratio: number;
  low: number;
  high: number;
  kernel: string;
  pixels: number;
  weights: number;
}

/** Where sparsity pays on this device. */
export interface Survey {
  rows: SurveyRow[];
  /** What SIMD multiply-adds reach in this page at best, on one thread. */
  peak_gflops: number;
  timer_step_us: number;
  threads: number;
  relaxed_simd: boolean;
  simd: string;
  isolated: boolean;
  /** The GPU on which the layers were measured too. */
  gpu?: string;
  seconds: number;
}

export interface LayerView {
  shape: number[];
  before: Float32Array;
  after: Float32Array;
  mask: Uint8Array;
}

export interface Picture {
  width: number;
  height: number;
  pixels: Uint8Array;
}

/** What the engine can be set to: measure the network, prune it, or measure single layers at rising sparsity. */
export type Job = "baseline" | "run" | "survey";

/** The engine as wasm exports it. */
export interface Lab {
  open(model: string, weights: Uint8Array): ModelInfo;
  data(
    dataset: string,
    split: "test" | "train",
    images: Uint8Array,
    labels: Uint8Array,
  ): { n: number; shape: number[]; classes: number };
  check(settings: Settings): Check;
  preview(settings: Settings): Preview;
  needs(settings: Settings): { train: boolean };
  start(job: Job, settings: Settings): void;
  /** Opens the GPU; the name is what people call it. */
  accelerate?(name: string): Promise<"open" | "refused" | "silent">;
  /** Whether the GPU was lost since it was opened: it can be asked for again. */
  gpuLost?(): boolean;
  advance(ms: number): LabEvent[] | Promise<LabEvent[]>;
  cancel(): void;
  layer(name: string): LayerView;
  image(index: number): Picture;
  /** The beginning of the test text; nothing where the network reads images. */
  passage(characters: number): string | undefined;
  /** What the last finished job measured, as a compact file. */
  file(): Uint8Array | undefined;
  environment(): Environment;
}

/** The card of a network or of images as shipped beside them; every field may be missing. */
export type Card = Record<string, unknown>;
