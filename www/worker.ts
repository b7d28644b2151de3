// The worker: the wasm engine, served to the page. Of its builds the fastest that this browser can run here.

import { accelerator } from "./gpu.js";
import { serve } from "./serve.js";
import { fused } from "./simd.js";
import { team, type Threaded } from "./team.js";
import type { Engine } from "./serve.js";

const beside = (path: string): string => new URL(path, import.meta.url).href;

/** The engine whose memory other threads can share: only an isolated page may do that. */
async function threaded(folder: string): Promise<Engine> {
  const script = beside(`${folder}threads/secateur.js`);
  const [engine, module] = await Promise.all([
    import(script) as Promise<Engine & Threaded>,
    WebAssembly.compileStreaming(fetch(beside(`${folder}threads/secateur_bg.wasm`))),
  ]);
  const { memory } = await engine.default({ module_or_path: module });
  const member = (): Worker => new Worker(beside("./member.js"), { type: "module" });
  return { catalog: engine.catalog, Lab: engine.Lab, hire: team(engine, member, { script, module, memory }) };
}

const start = async (script: string): Promise<Engine> => {
  const engine: Engine & { default(): Promise<unknown> } = await import(beside(script));
  await engine.default();
  return engine;
};

/** Without threads; the plainest engine where its faster sister is not there. */
const alone = (folder: string): Promise<Engine> =>
  fused()
    ? start(`${folder}relaxed/secateur.js`).catch(() => start(`${folder}secateur.js`))
    : start(`${folder}secateur.js`);

/** The engine in a folder; with threads where they may be had. */
const engine = (folder: string): Promise<Engine> =>
  crossOriginIsolated && fused() ? threaded(folder).catch(() => alone(folder)) : alone(folder);

/** The engines with WebGPU weigh more: only who has a GPU loads one. */
async function load(): Promise<Engine> {
  const gpu = await accelerator();
  if (!gpu) return engine("../");
  return engine("../gpu/").then(
    (engine) => ({ ...engine, gpu }),
    () => engine("../"),
  );
}

serve(load, new URL("../assets/", import.meta.url));
