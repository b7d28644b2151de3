// ONNX Runtime Web, as its users call it: the WebAssembly back end, one thread, SIMD, all graph optimisations.
import * as ort from "/ort/ort.wasm.min.mjs";

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = "/ort/";

/** Its name and version, for the table. */
export const name = `onnxruntime-web ${ort.env.versions.web}`;

/** Loads a model; `run(times)` runs it on one fixed input, `output()` is what it gave last. */
export async function load(bytes, shape, input) {
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
  });
  const feeds = { [session.inputNames[0]]: new ort.Tensor("float32", input, shape) };
  let last;
  return {
    async run(times) {
      for (let i = 0; i < times; i++) last = await session.run(feeds);
    },
    output: () => last[session.outputNames[0]].data,
    release: () => session.release(),
  };
}
