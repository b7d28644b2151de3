// The worker: the wasm engine, served to the page. Of its builds the fastest that this browser can run here.

import { serve } from "./serve.js";
import { fused } from "./simd.js";
import { team, type Threaded } from "./team.js";
import type { Engine } from "./serve.js";

const beside = (path: string): string => new URL(path, import.meta.url).href;

/** The engine whose memory other threads can share: only an isolated page may do that. */
async function threaded(): Promise<Engine> {
  const script = beside("../threads/secateur.js");
  const [engine, module] = await Promise.all([
    import(script) as Promise<Engine & Threaded>,
    WebAssembly.compileStreaming(fetch(beside("../threads/secateur_bg.wasm"))),
  ]);
  const { memory } = await engine.default({ module_or_path: module });
  const member = (): Worker => new Worker(beside("./member.js"), { type: "module" });
  return { catalog: engine.catalog, Lab: engine.Lab, hire: team(engine, member, { script, module, memory }) };
}

async function alone(): Promise<Engine> {
  const path = fused() ? "../relaxed/secateur.js" : "../secateur.js";
  const engine: Engine & { default(): Promise<unknown> } = await import(beside(path));
  await engine.default();
  return engine;
}

serve(
  () => (crossOriginIsolated && fused() ? threaded().catch(alone) : alone()),
  new URL("../assets/", import.meta.url),
);
