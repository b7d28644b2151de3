// A stand-in for the engine: the same calls, made-up figures. It never ships.

import type {
  Catalog,
  Check,
  EngineError,
  Environment,
  Failure,
  Job,
  Kept,
  Lab,
  LabEvent,
  LayerInfo,
  LayerView,
  ModelInfo,
  Stage,
  Picture,
  Preview,
  RunRecord,
  Settings,
} from "../types.js";
import { fakeCatalog } from "./fake-catalog.js";
import { fakeSurvey } from "./fake-survey.js";

const conv = (name: string, o: number, i: number, k: number, side: number): LayerInfo => ({
  name,
  kind: "conv",
  shape: [o, i, k, k],
  out: [o, side, side],
  parameters: o * i * k * k,
  macs: o * i * k * k * side * side,
  prunable: true,
});

const NETS: Record<string, { layers: LayerInfo[]; links: [string, string][] }> = {
  resnet8: {
    layers: [
      conv("stem", 16, 1, 3, 28),
      conv("conv1_1", 16, 16, 3, 28),
      conv("conv1_2", 16, 16, 3, 28),
      conv("conv2_1", 32, 16, 3, 14),
      conv("conv2_2", 32, 32, 3, 14),
      conv("short2", 32, 16, 1, 14),
      conv("conv3_1", 64, 32, 3, 7),
      conv("conv3_2", 64, 64, 3, 7),
      conv("short3", 64, 32, 1, 7),
      { name: "head", kind: "linear", shape: [10, 64], out: [10], parameters: 640, macs: 640, prunable: true },
    ],
    links: [
      ["stem", "conv1_2"],
      ["conv1_2", "conv2_2"],
      ["conv2_2", "conv3_2"],
    ],
  },
  "lenet-5": {
    layers: [
      conv("conv1", 6, 1, 5, 28),
      conv("conv2", 16, 6, 5, 10),
      { name: "fc1", kind: "linear", shape: [120, 400], out: [120], parameters: 48000, macs: 48000, prunable: true },
      { name: "fc2", kind: "linear", shape: [84, 120], out: [84], parameters: 10080, macs: 10080, prunable: true },
      { name: "fc3", kind: "linear", shape: [10, 84], out: [10], parameters: 840, macs: 840, prunable: true },
    ],
    links: [],
  },
};

function mulberry(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const fail = (kind: Failure["kind"], message: string, hint: string, key?: string): Failure => ({
  kind,
  message,
  hint,
  ...(key ? { key } : {}),
});

export class FakeLab implements Lab {
  #info: ModelInfo | undefined;
  #data = "";
  #queue: LabEvent[][] = [];
  #busy = false;
  #last: Kept[] | undefined;

  open(model: string, bytes?: Uint8Array): ModelInfo {
    if (bytes && bytes.length < 8) throw fail("format", "The weights are cut short: 3 bytes.", "Copy the file again.");
    const net = NETS[model];
    if (!net) throw fail("setting", `There is no model "${model}".`, "Choose one of the list.", "model");
    const sum = (of: "parameters" | "macs") => net.layers.reduce((a, l) => a + l[of], 0);
    const name = fakeCatalog.models.find((m) => m.id === model)!.name;
    const digest = `shipped ${model}`;
    const info: ModelInfo = { id: model, name, digest, parameters: sum("parameters"), macs: sum("macs"), input: [1, 28, 28], nonzero: sum("parameters"), saved: null, notes: [], ...net };
    [this.#info, this.#last] = [info, undefined];
    return info;
  }
  data(dataset: string): { n: number; shape: number[]; classes: number } {
    this.#data = dataset;
    return { n: 2000, shape: [1, 28, 28], classes: 10 };
  }

  check(settings: Settings): Check {
    const full: Settings = { model: "resnet8", sparsity: "0.9", seed: "1", batch: "1" };
    full.data = fakeCatalog.models.find((m) => m.id === (settings.model ?? full.model))?.data ?? "fashion";
    for (const axis of fakeCatalog.axes) full[axis.id] = axis.default;
    Object.assign(full, fakeCatalog.methods.find((m) => m.id === (settings.method ?? "m1"))?.settings);
    if (!settings.method) full.method = "m1";
    Object.assign(full, settings);
    const errors: EngineError[] = [];
    const known = new Set([
      "model",
      "data",
      "method",
      ...Object.keys(full).filter((k) => !(k in settings)),
      "sparsity",
      "seed",
      "batch",
    ]);
    for (const axis of fakeCatalog.axes) {
      known.add(axis.id);
      for (const p of axis.parts) for (const q of p.params) known.add(`${axis.id}.${q.key}`);
      if (!axis.parts.some((p) => p.id === full[axis.id]))
        errors.push({
          kind: "setting",
          key: axis.id,
          message: `${axis.id}=${full[axis.id]} is not known.`,
          hint: `Choose one of ${axis.parts.map((p) => p.id).join(", ")}.`,
        });
    }
    for (const key of Object.keys(settings))
      if (!known.has(key))
        errors.push({
          kind: "setting",
          key,
          message: `There is no setting "${key}".`,
          hint: "Remove it, or look for its name under the axes.",
        });
    const sparsity = Number(full.sparsity);
    if (!(sparsity >= 0 && sparsity < 1))
      errors.push({
        kind: "setting",
        key: "sparsity",
        message: `sparsity=${full.sparsity} is out of range.`,
        hint: "Give a fraction from 0 up to, not including, 1.",
      });
    if (!fakeCatalog.models.some((m) => m.id === full.model))
      errors.push({ kind: "setting", key: "model", message: `There is no model "${full.model}".`, hint: "Choose one of the list." });
    if (!fakeCatalog.methods.some((m) => m.id === full.method))
      errors.push({ kind: "setting", key: "method", message: `There is no method "${full.method}".`, hint: "Choose one of the list." });
    return {
      ok: errors.length === 0,
      errors,
      settings: full,
      warnings: [],
      timeline: this.#timeline(full, "run"),
      method: full.method!,
      changed: [],
      fixed: {},
      disabled:
        full.pattern === "channels"
          ? { allocation: { each: "Coupled channels of the residual links cannot each keep the same share." } }
          : {},
    };
  }

  preview(settings: Settings): Preview {
    const layers = this.#cut(Number(this.check(settings).settings.sparsity));
    const total = layers.reduce((a, l) => a + l.total, 0);
    const kept = layers.reduce((a, l) => a + l.kept, 0);
    return { layers, total, kept, bytes_dense: total * 4 + 900, bytes_stored: Math.round(kept * 5.1 + 1800), notes: [] };
  }
  needs(settings: Settings): { train: boolean } {
    return { train: this.check(settings).settings.recovery === "tune" };
  }

  start(job: Job, settings: Settings): void {
    if (this.#busy) throw fail("busy", "A run is already under way.", "Cancel it first.");
    if (job === "survey") {
      this.#busy = true;
      this.#queue = [...fakeSurvey(mulberry(7))];
      return;
    }
    const check = this.check(settings);
    if (!check.ok) throw fail("setting", check.errors[0]!.message, check.errors[0]!.hint, check.errors[0]!.key);
    this.#busy = true;
    this.#queue = [...this.#script(job, check.settings)];
  }
  advance(ms: number): LabEvent[] {
    const slow = Number((globalThis as { fakeSlow?: number }).fakeSlow ?? 1);
    const until = performance.now() + Math.min(ms, 25 * slow);
    while (performance.now() < until);
    const events = this.#queue.shift() ?? [{ type: "done" }];
    if (events.some((e) => e.type === "done")) this.#busy = false;
    return events;
  }
  cancel(): void {
    this.#busy = false;
    this.#queue = [];
  }

  *#script(job: "baseline" | "run", settings: Settings): Generator<LabEvent[]> {
    const phases = this.#timeline(settings, job);
    const sparsity = job === "baseline" ? 0 : Number(settings.sparsity);
    const random = mulberry(Number(settings.seed ?? 1) + sparsity * 1000);
    yield [{ type: "timeline", phases }];
    let step = 0;
    const curve = [];
    for (const [index, phase] of phases.entries()) {
      yield [{ type: "phase", index, label: phase.label, kind: phase.kind }];
      if (phase.kind === "prune") yield [{ type: "masks", sparsity, layers: this.#cut(sparsity) }];
      const slices = Math.min(phase.steps, phase.kind === "train" ? 60 : 12);
      for (let i = 1; i <= slices; i++) {
        const events: LabEvent[] = [
          { type: "progress", phase: index, done: Math.round((i / slices) * phase.steps), total: phase.steps },
        ];
        if (phase.kind === "train") {
          step = Math.round((i / slices) * phase.steps);
          const loss = 0.25 + 0.5 * Math.exp(-i / 14) + 0.06 * (random() - 0.5);
          const point = { step, loss, accuracy: Math.min(1, 1 - loss / 3.2 + 0.02 * random()) };
          curve.push(point);
          events.push({ type: "train", ...point, lr: 0.01 });
          if (i % 15 === 0)
            events.push({
              type: "accuracy",
              step,
              accuracy: point.accuracy - 0.01,
              low: point.accuracy - 0.02,
              high: point.accuracy,
              n: 1000,
              split: "validation",
            });
        }
        yield events;
      }
    }
    if (job === "run") this.#last = this.#cut(sparsity);
    yield [{ type: "result", record: this.#record(job, settings, sparsity, phases, curve, random) }];
    yield [{ type: "done" }];
  }

  #timeline(settings: Settings, job: string): Stage[] {
    const end: Stage[] = [
      { kind: "evaluate", label: "Evaluate", steps: 2000 },
      { kind: "compile", label: "Compile", steps: 10 },
      { kind: "measure", label: "Measure", steps: 40 },
    ];
    if (job === "baseline") return end;
    const cut: Stage[] = [
      { kind: "score", label: "Score", steps: 10 },
      { kind: "prune", label: "Prune", steps: 10, sparsity: Number(settings.sparsity) },
    ];
    if (settings.recovery !== "tune") return [...cut, ...end];
    return [
      ...cut,
      { kind: "train", label: "Fine-tune", steps: Math.round(313 * Number(settings["recovery.epochs"] ?? 1)) },
      ...end,
    ];
  }

  #cut(sparsity: number): Kept[] {
    const layers = this.#info!.layers;
    const big = Math.max(...layers.map((l) => l.parameters));
    return layers.map((l) => {
      const s = sparsity >= 1 ? 1 : Math.min(0.995, sparsity * (0.55 + 0.47 * (l.parameters / big) ** 0.25));
      return { name: l.name, kept: Math.max(1, Math.round(l.parameters * (1 - s))), total: l.parameters };
    });
  }

  #record(
    job: "baseline" | "run",
    settings: Settings,
    s: number,
    timeline: Stage[],
    curve: RunRecord["curve"],
    random: () => number,
  ): RunRecord {
    const info = this.#info!;
    const cut = this.#cut(s);
    const nonzero = cut.reduce((a, l) => a + l.kept, 0);
    const before = info.id === "resnet8" ? 0.921 : 0.9895;
    const after =
      before -
      (s > 0 ? 0.25 * Math.max(0, s - 0.6) ** 3 * (settings.criterion === "chance" ? 9 : 1) + 0.004 * random() : 0);
    const wide = (p: number) => 1.96 * Math.sqrt((p * (1 - p)) / 2000);
    const ratio = s === 0 ? 1 : 0.8 + 4 * s ** 3;
    const rows = info.layers.map((l, i) => {
      const dense = 4 + l.macs / 38000;
      const sparse = dense * (0.35 + 1.5 * (cut[i]!.kept / l.parameters));
      const pick = s > 0 && sparse < dense;
      return {
        name: l.name,
        shape: l.shape,
        sparsity: 1 - cut[i]!.kept / l.parameters,
        kernel: pick ? "sparse element" : "dense direct",
        why: pick
          ? `${cut[i]!.kept} of ${l.parameters} weights are left; the sparse kernel was the fastest of three.`
          : "Too few weights are gone: the sparse kernel was slower than the dense one, so the layer stayed dense.",
        dense_us: dense,
        pruned_us: Math.min(dense, sparse),
        kept: cut[i]!.kept,
        total: l.parameters,
        candidates:
          s > 0
            ? [
                { kernel: "dense direct", us: dense, bytes: 4 * l.parameters },
                { kernel: "dense gemm", us: dense * 1.2, bytes: 4 * l.parameters },
                { kernel: "sparse element", us: sparse, bytes: 6 * cut[i]!.kept },
              ]
            : [{ kernel: "dense direct", us: dense, bytes: 4 * l.parameters }],
      };
    });
    const dense_ms = rows.reduce((a, r) => a + r.dense_us, 0) / 1000;
    const word = Math.abs(after - before) < 0.012 ? "the same within the interval" : "lower, beyond the interval";
    const speed =
      ratio > 1.05
        ? `${ratio.toFixed(1)} times faster here`
        : "not faster here: the sparse kernels lost on most layers";
    const classes = fakeCatalog.datasets.find((d) => d.id === this.#data)!.classes;
    return {
      format: 1,
      model: info.id,
      data: this.#data,
      ...(settings.method ? { method: settings.method } : {}),
      recipe: settings,
      seed: Number(settings.seed ?? 1),
      job,
      accuracy: {
        before,
        after,
        low: after - wide(after),
        high: after + wide(after),
        n: 2000,
        before_low: before - wide(before),
        before_high: before + wide(before),
        top5_before: 0.99,
        top5_after: 0.99,
      },
      size: {
        parameters: info.parameters,
        nonzero,
        bytes_dense: info.parameters * 4 + 900,
        bytes_stored: s === 0 ? info.parameters * 4 + 900 : Math.round(nonzero * 5.1 + 1800),
      },
      macs: { dense: info.macs, pruned: Math.round(info.macs * (1 - s * 0.92)) },
      speed: {
        dense_ms,
        pruned_ms: dense_ms / ratio,
        ratio,
        low: ratio * 0.95,
        high: ratio * 1.05,
        samples: 40,
        batch: 1,
        threads: 1,
        dense_threads: 1,
        executor: "cpu",
        dense_executor: "cpu",
        by_executor: [],
      },
      layers: rows,
      environment: this.environment(),
      digest: Math.floor(random() * 1e9)
        .toString(16)
        .padStart(16, "0"),
      source: info.digest,
      verdict: job === "baseline" ? "" : `Accuracy is ${word}. The network is ${speed}.`,
      notes:
        s > 0 && rows[0]!.kernel.startsWith("dense")
          ? [`${rows[0]!.name} stayed dense: it has too few weights for a sparse kernel to win.`]
          : [],
      classes: classes.map((label, i) => ({
        label,
        n: 200,
        before: 0.85 + (i % 5) * 0.03,
        after: 0.85 + (i % 5) * 0.03 - (s > 0 ? 0.02 * random() : 0),
      })),
      changed:
        s > 0
          ? Array.from({ length: 24 }, (_, i) => ({
              index: i * 31,
              label: i % 10,
              before: i % 3 ? i % 10 : (i + 3) % 10,
              after: i % 3 ? (i + 2) % 10 : i % 10,
            }))
          : [],
      timeline,
      changed_total: s > 0 ? 24 : 0,
      curve,
      seconds: 6.2,
    };
  }

  layer(name: string): LayerView {
    const layer = this.#info!.layers.find((l) => l.name === name)!;
    const random = mulberry(name.length * 77 + layer.parameters);
    const n = layer.parameters;
    const before = Float32Array.from({ length: n }, () => (random() + random() + random() - 1.5) * 0.12);
    const kept = this.#last?.find((l) => l.name === name)?.kept ?? n;
    const limit = [...before].map(Math.abs).sort((a, b) => b - a)[kept - 1]!;
    const mask = Uint8Array.from(before, (w) => (Math.abs(w) >= limit ? 1 : 0));
    return { shape: layer.shape, before, after: before.map((w, i) => (mask[i] ? w * 1.1 : 0)), mask };
  }
  passage(): undefined {}

  image(index: number): Picture {
    const random = mulberry(index);
    const [cx, cy, r] = [10 + random() * 8, 10 + random() * 8, 5 + random() * 6];
    const pixels = Uint8Array.from({ length: 784 }, (_, i) =>
      Math.max(0, 255 - 255 * Math.abs(Math.hypot((i % 28) - cx, ((i / 28) | 0) - cy) - r) * 0.5),
    );
    return { width: 28, height: 28, pixels };
  }
  file(): Uint8Array {
    return new TextEncoder().encode(this.#info!.id);
  }
  environment(): Environment {
    return {
      simd: true,
      relaxed_simd: false,
      threads: 1,
      cores: 1,
      timer_step_us: 100,
      isolated: false,
      user_agent: globalThis.navigator?.userAgent ?? "",
      version: "0.1.0",
      target: "wasm32",
    };
  }
}

export const fakeEngine = {
  catalog: (): Catalog => fakeCatalog,
  Lab: FakeLab,
  identify: (file: Uint8Array): string => new TextDecoder().decode(file),
  convert: (file: Uint8Array, format: string): Uint8Array => new TextEncoder().encode(`${format} ${file.length}`),
};
