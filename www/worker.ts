// The worker: the wasm engine, served to the page. Of its two builds the faster one that this browser can run.

import { serve } from "./serve.js";
import { fused } from "./simd.js";
import type { Engine } from "./serve.js";

const beside = (path: string): string => new URL(path, import.meta.url).href;

serve(async () => {
  const engine: Engine & { default(): Promise<unknown> } = await import(
    beside(fused() ? "../relaxed/secateur.js" : "../secateur.js")
  );
  await engine.default();
  return engine;
}, new URL("../assets/", import.meta.url));
