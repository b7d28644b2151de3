// What crosses between the engine and the page: what the engine gives, and beside it what the page says and holds.

import type { Check, EngineError, ErrorKind, LabEvent, ModelInfo, Preview, Environment } from "./engine-types.js";

export type * from "./engine-types.js";

/** Choices by key, as address, attributes and command line spell them. */
export type Settings = Record<string, string>;

/** What went wrong, in the engine or around it. */
export type Failure = Omit<EngineError, "kind"> & {
  kind: ErrorKind | "busy" | "cancelled" | "engine" | "load" | "page" | "removed";
};

/** Answers to images that were not trained on, in the course of a run. */
export type AccuracyPoint = Omit<Extract<LabEvent, { type: "accuracy" }>, "type">;

/** A network as a finished job left it, and how long it is in each format. */
export interface SavedFile {
  bytes: Uint8Array;
  sizes: Record<string, number>;
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
