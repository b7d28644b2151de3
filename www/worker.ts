// The worker: the wasm engine, served to the page. Of its builds the fastest that this browser can run here.

import { accelerator } from "./gpu.js";
import { fetchWasm, type Heard } from "./load.js";
import { rest } from "./rest.js";
import { serve, type Engine, type Loaded } from "./serve.js";
import { fused } from "./simd.js";
import { team, type Threaded } from "./team.js";
import type { Failure } from "./types.js";
import { PATIENCE_MS, within } from "./wait.js";

const beside = (path: string): URL => new URL(path, import.meta.url);

/** An engine's script. It is asked for like a file, but nobody tells how far it is: it has twice the time. */
async function script<T>(url: URL): Promise<T> {
  try {
    return (await within(import(url.href), 2 * PATIENCE_MS)) as T;
  } catch (error) {
    const failure: Failure = {
      kind: "load",
      message: `${url.pathname.split("/").at(-1)} could not be loaded: ${error instanceof Error ? error.message : error}.`,
      hint: "Check the connection and that the page's files are complete, then try again.",
    };
    throw failure;
  }
}

/** The engine whose memory other threads can share: only an isolated page may do that. */
async function threaded(folder: string, heard: Heard): Promise<Engine> {
  const url = beside(`${folder}threads/secateur.js`);
  const [engine, module] = await Promise.all([
    script<Engine & Threaded>(url),
    WebAssembly.compileStreaming(fetchWasm(beside(`${folder}threads/secateur_bg.wasm`), heard)),
  ]);
  const first = await engine.default({ module_or_path: module });
  const whole = rest(beside(`${folder}threads/secateur_rest.wasm`), first, heard);
  const member = (): Worker => new Worker(beside("./member.js"), { type: "module" });
  const shared = async () => ({ script: url.href, module, rest: await whole(), memory: first.memory });
  return { ...engine, whole, hire: team(engine, member, shared) };
}

/** A build of the engine from its folder. */
async function start(build: string, heard: Heard): Promise<Engine> {
  const engine = await script<
    Engine & { default(options: { module_or_path: Promise<Response> }): Promise<WebAssembly.Exports> }
  >(beside(`${build}secateur.js`));
  const first = await engine.default({ module_or_path: fetchWasm(beside(`${build}secateur_bg.wasm`), heard) });
  return { ...engine, whole: rest(beside(`${build}secateur_rest.wasm`), first, heard) };
}

/** Without threads; the plainest engine where its faster sister is not there. */
const alone = (folder: string, heard: Heard): Promise<Engine> =>
  fused() ? start(`${folder}relaxed/`, heard).catch(() => start(folder, heard)) : start(folder, heard);

/** The engine in a folder; with threads where they may be had. */
const engine = (folder: string, heard: Heard): Promise<Engine> =>
  crossOriginIsolated && fused() ? threaded(folder, heard).catch(() => alone(folder, heard)) : alone(folder, heard);

/** The engines with WebGPU weigh more: only who has a GPU loads one. */
async function load(heard: Heard, processor: boolean): Promise<Loaded> {
  const gpu = processor ? ({ none: "silent" } as const) : await accelerator();
  if ("none" in gpu) return { engine: await engine("../", heard), gpu };
  return engine("../gpu/", heard).then(
    (engine) => ({ engine, gpu }),
    async () => ({ engine: await engine("../", heard), gpu: { none: "absent" } as const }),
  );
}

serve(load, new URL("../assets/", import.meta.url));
