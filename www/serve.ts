// The worker's side of the seam: the engine behind a small set of asynchronous calls.
// The page pulls: a job is advanced in slices, and between slices other calls are answered.

import { expose, type ProxyMarked } from "comlink";
import type {
  Card,
  Catalog,
  Check,
  Environment,
  Failure,
  Job,
  Lab,
  LabEvent,
  LayerView,
  ModelInfo,
  Picture,
  Preview,
  RunRecord,
  Settings,
  Survey,
} from "./types.js";

export interface Engine {
  catalog(): Catalog;
  Lab: new () => Lab;
  /** Starts threads until runs can share this many; an engine without it has one. */
  hire?(threads: number): Promise<void>;
  /** The name of the GPU, for an engine that can use it. */
  gpu?: string;
}

/** Hears what happens while a job goes on. */
export type Emit = ((events: LabEvent[]) => void) & ProxyMarked;

export interface Remote {
  begin(): Promise<{ catalog: Catalog; environment: Environment }>;
  open(model: string, data: string): Promise<{ model: ModelInfo; card?: Card }>;
  /** The card at a path below the assets. */
  card(path: string): Promise<Card>;
  check(settings: Settings): Promise<{ check: Check; preview?: Preview }>;
  run(job: "baseline" | "run", settings: Settings, emit: Emit): Promise<RunRecord>;
  /** Measures single layers at rising sparsity; nothing need be open. */
  survey(settings: Settings, emit: Emit): Promise<Survey>;
  hold(paused: boolean): void;
  stop(): void;
  layers(names: string[]): Promise<Record<string, LayerView>>;
  image(index: number): Promise<Picture>;
  save(format: "safetensors" | "onnx"): Promise<Uint8Array>;
}

const SLICE_MS = 50;

export const stopped: Failure = {
  kind: "cancelled",
  message: "The run was cancelled.",
  hint: "Earlier runs are kept.",
};

export function serve(load: () => Promise<Engine>, assets: URL): void {
  let engine: Engine;
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
  let data = "";
  let resume = (): void => {};

  const remote: Remote = {
    async begin() {
      await holdLock();
      engine = await load();
      lab = new engine.Lab();
      const { gpu } = engine;
      if (gpu) await ask((lab) => lab.accelerate?.(gpu));
      return { catalog: engine.catalog(), environment: await ask((lab) => lab.environment()) };
    },
    async open(model, dataset) {
      const [weights, card, images, labels] = await Promise.all([
        fetchBytes(new URL(`models/${encodeURIComponent(model)}.safetensors`, assets)),
        fetchCard(new URL(`models/${encodeURIComponent(model)}.json`, assets)),
        ...examples(dataset, "test"),
      ]);
      const info = await ask((lab) => {
        const info = lab.open(model, weights);
        lab.data(dataset, "test", images!, labels!);
        return info;
      });
      data = dataset;
      trained = undefined;
      return { model: info, card };
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
    async run(job, settings, emit) {
      unhold();
      if (job === "run" && trained !== data && (await ask((lab) => lab.needs(settings))).train) {
        const [images, labels] = await Promise.all(examples(data, "train"));
        if (stop) throw stopped;
        await ask((lab) => lab.data(data, "train", images!, labels!));
        trained = data;
      }
      await engine.hire?.(Number(settings["threads"] ?? 1));
      const last = await drive(job, settings, emit, "result");
      return last.record;
    },
    async survey(settings, emit) {
      unhold();
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
    async save(format) {
      return ask((lab) => lab.export(format));
    },
  };

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

  function examples(dataset: string, split: "test" | "train"): [Promise<Uint8Array>, Promise<Uint8Array>] {
    const file = (what: string) =>
      fetchBytes(new URL(`data/${encodeURIComponent(dataset)}/${split}-${what}.idx.gz`, assets), true);
    return [file("images"), file("labels")];
  }

  expose(remote);
}

const failure = (kind: string, message: string, hint: string): Failure => ({ kind, message, hint });

/** The lock is let go when this worker ends, however it ends: so the page learns of it at once. */
async function holdLock(): Promise<void> {
  const name = (globalThis as { name?: string }).name;
  if (!name || !navigator.locks) return;
  await new Promise<void>((held) => {
    void navigator.locks.request(name, () => {
      held();
      return new Promise(() => {});
    });
  });
}

async function fetchBytes(url: URL, gzip = false): Promise<Uint8Array> {
  const file = url.pathname.split("/").slice(-2).join("/");
  const response = await fetch(url).catch(() => undefined);
  if (!response?.ok) {
    const why = response ? `the server answered ${response.status}` : "the server did not answer";
    throw failure(
      "load",
      `${file} could not be loaded: ${why}.`,
      "Check that the page's files are complete, then reload.",
    );
  }
  const body = await response.arrayBuffer();
  const bytes = new Uint8Array(body);
  if (!gzip || bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    const stream = new Blob([body]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw failure("load", `${file} is cut short or not gzip.`, "Copy the page's files again, then reload.");
  }
}

async function fetchCard(url: URL): Promise<Card | undefined> {
  const response = await fetch(url).catch(() => undefined);
  if (!response?.ok) return undefined;
  return response.json().catch(() => undefined) as Promise<Card | undefined>;
}

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
