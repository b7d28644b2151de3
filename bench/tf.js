// TensorFlow.js, as its users call it: the WebAssembly back end (XNNPACK, SIMD), one thread. It reads no ONNX, so it gets our
// description of the layers, with batch norms and activations folded in, and runs them in its own layout, channels last.

/** The library is written for classic scripts. */
async function script(src) {
  const element = document.createElement("script");
  element.src = src;
  await new Promise((resolve, reject) => {
    element.onload = resolve;
    element.onerror = () => reject(new Error(`${src} does not load; run npm ci in bench/`));
    document.head.append(element);
  });
}

await script("/tfjs/tf.min.js");
await script("/tfjs-wasm/tf-backend-wasm.min.js");
export const tf = globalThis.tf;
tf.enableProdMode();
tf.wasm.setWasmPaths("/tfjs-wasm/");
// Isolated pages would get the threaded build; with one thread for everybody the plain SIMD build is its best.
tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
if (!(await tf.setBackend("wasm"))) throw new Error("TensorFlow.js has no WebAssembly back end here");
if (!(await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"))) throw new Error("TensorFlow.js found no SIMD here");

/** Its name and version, for the table. */
export const name = `tfjs-backend-wasm ${tf.wasm.version_wasm}`;

/** Loads a described network; `run(times)` runs it on one fixed input, `output()` is what it gave last. */
export async function load({ layers: json, weights }, shape, input) {
  await tf.setBackend("wasm");
  const { input: first, output: last, layers } = JSON.parse(json);
  const kept = [];
  const constant = (tensor) => (kept.push(tf.keep(tensor)), tensor);
  const x = tf.tidy(() => constant(channelsLast(tf.tensor(input, shape))));
  const steps = tf.tidy(() => prepare(layers, weights, constant));
  let answers;
  return {
    async run(times) {
      for (let i = 0; i < times; i++) {
        answers?.dispose();
        answers = tf.tidy(() => {
          const values = new Map([[first, x]]);
          for (const { ins, out, run } of steps) values.set(out, run(ins.map((id) => values.get(id))));
          return values.get(last);
        });
      }
      // The back end computes at once; reading the answers makes sure of it, once a batch.
      answers.dataSync();
    },
    output: () => tf.tidy(() => channelsFirst(answers).dataSync()),
    release() {
      answers?.dispose();
      kept.forEach((tensor) => tensor.dispose());
    },
  };
}

const channelsLast = (x) => (x.rank === 4 ? tf.transpose(x, [0, 2, 3, 1]) : x);
const channelsFirst = (x) => (x.rank === 4 ? tf.transpose(x, [0, 3, 1, 2]) : x);
const activate = { linear: (x) => x, relu: (x) => tf.relu(x), relu6: (x) => tf.relu6(x) };

/** The layers as functions of their inputs, weights turned once. */
function prepare(layers, weights, constant) {
  /** Channels and pixels of what was flattened, by value: the layer behind reads its features in another order. */
  const flattened = new Map();
  return layers.map((layer) => {
    const { ins, out } = layer;
    if (layer.op === "flatten") flattened.set(out, layer.from);
    return { ins, out, run: operators[layer.op](layer, weights, constant, flattened.get(ins[0])) };
  });
}

const operators = {
  conv({ shape, stride, pad, depthwise, numbers, ins }, weights, constant) {
    const { bias, activation } = parameters(shape, numbers, weights, constant);
    const turned = depthwise ? [2, 3, 0, 1] : [2, 3, 1, 0];
    const filter = constant(tf.transpose(tf.tensor(slice(weights, numbers.weights, shape), shape), turned));
    const convolve = depthwise ? tf.fused.depthwiseConv2d : tf.fused.conv2d;
    if (pad[0] !== pad[1]) throw new Error("TensorFlow.js pads rows and columns alike");
    const run = (x, activation) => convolve({ x, filter, strides: stride, pad: pad[0], bias, activation });
    if (ins.length === 1) return ([x]) => run(x, activation);
    // A residual sum has no fused form here.
    return ([x, aside]) => activate[activation](tf.add(run(x, "linear"), aside));
  },
  linear({ shape, numbers }, weights, constant, from) {
    const { bias, activation } = parameters(shape, numbers, weights, constant);
    let w = tf.tensor(slice(weights, numbers.weights, shape), shape);
    if (from?.length === 4) {
      const [outputs] = shape;
      w = tf.transpose(w.reshape([outputs, ...from.slice(1)]), [0, 2, 3, 1]).reshape(shape);
    }
    const b = constant(tf.transpose(w));
    return ([a]) => tf.fused.matMul({ a, b, bias, activation });
  },
  maxpool: ({ kernel, stride }) => ([x]) => tf.maxPool(x, kernel, stride, "valid"),
  means: () => ([x]) => tf.mean(x, [1, 2], true),
  add: ({ activation }) => ([a, b]) => activate[activation](tf.add(a, b)),
  flatten: () => ([x]) => tf.reshape(x, [x.shape[0], -1]),
};

function parameters([outputs], numbers, weights, constant) {
  return { bias: constant(tf.tensor1d(weights.slice(numbers.bias, numbers.bias + outputs))), activation: numbers.activation };
}

function slice(weights, start, shape) {
  return weights.slice(start, start + shape.reduce((a, b) => a * b));
}
