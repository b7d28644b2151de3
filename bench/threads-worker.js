// Measures threads: the engine in this worker leads, one more worker for each further core joins its team.
import * as engine from "/threads/secateur.js";
import { interleave } from "./measure.js";

const script = "/threads/secateur.js";
const threads = navigator.hardwareConcurrency;

// Not awaited here: a message that comes before there is a handler for it would be lost.
const team = gather();

async function gather() {
  const module = await WebAssembly.compileStreaming(fetch("/threads/secateur_bg.wasm"));
  const { memory } = await engine.default({ module_or_path: module });
  for (let i = 1; i < threads; i++) {
    new Worker("threads-member.js", { type: "module" }).postMessage({ script, module, memory });
  }
  while (engine.teamSize() < threads) await new Promise((go) => setTimeout(go, 1));
}

async function measure({ job, file, pattern, step }) {
  await team;
  const pair = engine.BenchPair.threads(job.id, file, pattern, job.sparsity, job.batch, threads);
  const [one, all] = await interleave([(n) => pair.run(0, n), (n) => pair.run(1, n)], step);
  pair.free();
  return { one, all, threads };
}

onmessage = async ({ data }) => postMessage(await measure(data).catch((error) => ({ error: error.stack ?? `${error}` })));
