// The worker's side of the seam: the engine behind a small set of asynchronous calls.
// The page pulls: a job is advanced in slices, and between slices other calls are answered.

import { expose, type ProxyMarked } from "comlink";
import type { Accelerator } from "./gpu.js";
import { fetchBytes, fetchCard, type Heard } from "./load.js";
import { hold } from "./lock.js";
import type {
  Card,
  Catalog,
  Check,
  Environment,
  Failure,
  FormatRow,
  Job,
  Lab,
  LabEvent,
  LayerView,
  ModelInfo,
  Picture,
  Preview,
  RunRecord,
  SavedFile,
  Settings,
  Survey,
} from "./types.js";
import { within } from "./wait.js";

export interface Engine {
  catalog(): Catalog;
  Lab: new () => Lab;
  /** The network that a file of weights is of. */
  identify(file: Uint8Array): string;
  convert(file: Uint8Array, format: string): Uint8Array;
  /** Fetches the engine's second file, unless it is there: what runs, saves and surveys. */
  whole?(): Promise<unknown>;
  /** Starts threads until runs can share this many, and answers with how many can; an engine without it has one. */
  hire?(threads: number): Promise<number>;
}

/** An engine, and the GPU that it can use. */
export interface Loaded {
  engine: Engine;
  gpu: Accelerator;
}

/** Loads the engine; one that does without a GPU if told so. */
export type Load = (heard: Heard, processor: boolean) => Promise<Loaded>;

/** Hears what happens while a job goes on. */
export type Emit = ((events: LabEvent[]) => void) & ProxyMarked;

/** Hears how far a file is that the worker fetches. */
export type Tell = Heard & ProxyMarked;

export interface Begun {
  catalog: Catalog;
  environment: Environment;
  /** Whether the worker holds its lock, by which the page learns of its end. */
  held: boolean;
  gpu: Accelerator;
}

/** What a job measured, and the network itself. */
export interface Finished {
  record: RunRecord;
  file?: SavedFile;
}

export interface Remote {
  /** The first call, answered at once: the worker's script has come. */
  hello(): Promise<void>;
  begin(tell: Tell): Promise<Begun>;
  /** Opens a network with the weights of a file, or with those it was shipped with. */
  open(model: string, data: string, file?: Uint8Array): Promise<{ model: ModelInfo; card?: Card; passage?: string }>;
  /** The card at a path below the assets. */
  card(path: string): Promise<Card>;
  check(settings: Settings): Promise<{ check: Check; preview?: Preview }>;
  /** Fetches what a run with these settings will ask for: the engine's second file, and training images if it trains. */
  ahead(settings: Settings): Promise<void>;
  run(job: "baseline" | "run", settings: Settings, emit: Emit): Promise<Finished>;
  /** Measures single layers at rising sparsity; nothing need be open. */
  survey(settings: Settings, emit: Emit): Promise<Survey>;
  hold(paused: boolean): void;
  stop(): void;
  layers(names: string[]): Promise<Record<string, LayerView>>;
  image(index: number): Promise<Picture>;
  /** Which network a file is of, once all of it has been read; nothing that is open changes. */
  identify(file: Uint8Array): Promise<string>;
  /** A file in another format: made of its bytes alone, whatever is open or under way. */
  convert(file: Uint8Array, format: string): Promise<Uint8Array>;
}

const SLICE_MS = 50;

/** Characters of the test text that are shown before a run. */
const PASSAGE = 400;

/** The engine gives up on a GPU by itself; this is for one that hangs all the same, in milliseconds. */
const GPU_MS = 8000;

export const stopped: Failure = {
  kind: "cancelled",
  message: "The run was cancelled.",
  hint: "Earlier runs are kept.",
};

export function serve(load: Load, assets: URL): void {
  let engine: Engine;
  let tell: Heard = () => {};
  let lab: Lab;
  /** The engine answers one call at a time: it may be waiting for a GPU in the middle of one. */
  let last: Promise<unknown> = Promise.resolve();
  const ask = <T>(call: (lab: Lab) => T | Promise<T>): Promise<T> => {
    const answer = last.then(() => call(lab));
    last = answer.catch(() => {});
    return answer;
  };
  let paused = false;
  let stop = false;
  let trained: string | undefined;
  /** Training images on their way, by the name of their set. */
  let coming: { data: string; files: Promise<Uint8Array[]> } | undefined;
  let data = "";
  let found: Accelerator = { none: "absent" };
  let resume = (): void => {};

  const remote: Remote = {
    async hello() {},
    async begin(hear) {
      tell = (...news) => void hear(...news);
      const held = await hold((globalThis as { name?: string }).name || "secateur");
      const gpu = await accelerated(await load(tell, false));
      return { catalog: engine.catalog(), environment: await ask((lab) => lab.environment()), held, gpu };
    },
    async open(model, dataset, file) {
      const [weights, card, images, labels] = await Promise.all([
        file ?? fetchBytes(new URL(`models/${encodeURIComponent(model)}.safetensors`, assets), tell),
        fetchCard(new URL(`models/${encodeURIComponent(model)}.json`, assets)),
        ...examples(dataset, "test"),
      ]);
      // What computes on tokens comes with the engine's second file.
      if (engine.catalog().models.find((row) => row.id === model)?.tokens) await engine.whole?.();
      const info = await ask((lab) => {
        const info = lab.open(model, weights);
        lab.data(dataset, "test", images!, labels!);
        return info;
      });
      data = dataset;
      trained = undefined;
      return { model: info, card, passage: await ask((lab) => lab.passage(PASSAGE)) };
    },
    async card(path) {
      return (await fetchCard(new URL(path, assets))) ?? {};
    },
    async check(settings) {
      return ask((lab) => {
        const check = lab.check(settings);
        return { check, preview: check.ok && data ? lab.preview(settings) : undefined };
      });
    },
    async ahead(settings) {
      await engine.whole?.();
      if (await trains(settings)) await training();
    },
    async run(job, settings, emit) {
      unhold();
      if (job === "run") {
        await engine.whole?.();
        if (stop) throw stopped;
        if (await trains(settings)) {
          const [images, labels] = await training();
          if (stop) throw stopped;
          await ask((lab) => lab.data(data, "train", images!, labels!));
          trained = data;
          coming = undefined;
        }
      }
      await regained();
      const threads = Number(settings["threads"] ?? 1);
      await engine.hire?.(threads);
      const last = await drive(job, settings, emit, "result");
      return { record: last.record, file: await saved() };
    },
    async survey(settings, emit) {
      unhold();
      await engine.whole?.();
      if (stop) throw stopped;
      const last = await drive("survey", settings, emit, "survey");
      return last.survey;
    },
    hold(on) {
      paused = on;
      resume();
    },
    stop() {
      stop = true;
      resume();
    },
    async layers(names) {
      return ask((lab) => Object.fromEntries(names.map((name) => [name, lab.layer(name)])));
    },
    async image(index) {
      return ask((lab) => lab.image(index));
    },
    async identify(file) {
      await engine.whole?.();
      // To write it is to have read it.
      engine.convert(file, engine.catalog().formats[0]!.id);
      return engine.identify(file);
    },
    async convert(file, format) {
      await engine.whole?.();
      return engine.convert(file, format);
    },
  };

  /** Starts the engine's use of the GPU. One that never answers is left behind, with the engine that waits for it. */
  async function accelerated(loaded: Loaded): Promise<Accelerator> {
    engine = loaded.engine;
    lab = new engine.Lab();
    const { gpu } = loaded;
    found = gpu;
    if (!("name" in gpu)) return gpu;
    try {
      const how = await within(
        ask(async (lab) => lab.accelerate?.(gpu.name)),
        GPU_MS,
      );
      return how === "silent" || how === "refused" ? { none: how } : gpu;
    } catch {
      const { engine: other, gpu: none } = await load(tell, true);
      engine = other;
      lab = new engine.Lab();
      last = Promise.resolve();
      return none;
    }
  }

  /** A GPU that was lost since the last run, to a driver that started again or a laptop that slept, is asked for once more. */
  async function regained(): Promise<void> {
    if (!("name" in found)) return;
    const { name } = found;
    if (await ask((lab) => lab.gpuLost?.())) await within(ask(async (lab) => lab.accelerate?.(name)), GPU_MS).catch(() => {});
  }

  /** Whether a run needs training images that the engine does not have. */
  const trains = async (settings: Settings): Promise<boolean> =>
    trained !== data && (await ask((lab) => lab.needs(settings))).train;

  /** The training images, fetched once however many ask; after a failure they are asked for anew. */
  function training(): Promise<Uint8Array[]> {
    if (coming?.data === data) return coming.files;
    const files = Promise.all(examples(data, "train"));
    const mine = (coming = { data, files });
    files.catch(() => {
      if (coming === mine) coming = undefined;
    });
    return files;
  }

  /** The network that was measured. Without one the run stays what it is: the page then says that it cannot be saved. */
  async function saved(): Promise<SavedFile | undefined> {
    try {
      await engine.whole?.();
      const bytes = await ask((lab) => lab.file());
      if (!bytes) return undefined;
      const length = ({ id }: FormatRow): [string, number] => [id, engine.convert(bytes, id).length];
      return { bytes, sizes: Object.fromEntries(engine.catalog().formats.map(length)) };
    } catch {
      return undefined;
    }
  }

  function unhold(): void {
    stop = false;
    paused = false;
  }

  /** Advances a job to its end; answers with the event that carries what came of it. */
  async function drive<T extends LabEvent["type"]>(
    job: Job,
    settings: Settings,
    emit: Emit,
    last: T,
  ): Promise<Extract<LabEvent, { type: T }>> {
    await ask((lab) => lab.start(job, settings));
    let found: Extract<LabEvent, { type: T }> | undefined;
    const sought = (event: LabEvent): event is Extract<LabEvent, { type: T }> => event.type === last;
    for (;;) {
      await nextTask();
      while (paused && !stop) await new Promise<void>((go) => (resume = go));
      if (stop) {
        await ask((lab) => lab.cancel());
        throw stopped;
      }
      const events = await ask((lab) => lab.advance(SLICE_MS));
      if (events.length) void emit(events);
      found = events.find(sought) ?? found;
      if (events.some((event) => event.type === "done")) break;
    }
    if (!found) throw failure("engine", "The run ended without a result.", "Run it again.");
    return found;
  }

  const readsText = (dataset: string): boolean =>
    engine.catalog().datasets.find((data) => data.id === dataset)?.task === "next-token";

  function examples(dataset: string, split: "test" | "train"): [Promise<Uint8Array>, Promise<Uint8Array>] {
    const file = (name: string) => fetchBytes(new URL(`data/${encodeURIComponent(dataset)}/${split}${name}`, assets), tell);
    // A text is its own labels.
    if (readsText(dataset)) return [file(".txt.gz"), Promise.resolve(new Uint8Array())];
    return [file("-images.idx.gz"), file("-labels.idx.gz")];
  }

  expose(remote);
}

const failure = (kind: Failure["kind"], message: string, hint: string): Failure => ({ kind, message, hint });

/** Lets messages in between two slices; a timer would add its four milliseconds each time. */
const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

function nextTask(): Promise<void> {
  return new Promise((go) => {
    waiting.push(go);
    channel.port2.postMessage(0);
  });
}
