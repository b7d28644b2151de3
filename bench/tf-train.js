// Networks of the zoo as TensorFlow.js's users would write and train them: layers, a momentum optimizer, train on a batch.
import { tf } from "./tf.js";

/** Kernels that the gradients of convolutions and pools need. */
const GRADIENTS = ["Conv2DBackpropFilter", "Conv2DBackpropInput", "MaxPoolGrad"];

const { conv2d, dense, flatten, maxPooling2d, batchNormalization, reLU, add, globalAveragePooling2d } = tf.layers;

const networks = {
  "lenet-300-100": (x) => {
    let y = flatten().apply(x);
    for (const units of [300, 100]) y = dense({ units, activation: "relu" }).apply(y);
    return dense({ units: 10 }).apply(y);
  },
  "lenet-5": (x) => {
    let y = x;
    for (const filters of [20, 50]) {
      y = conv2d({ filters, kernelSize: 5, activation: "relu" }).apply(y);
      y = maxPooling2d({ poolSize: 2 }).apply(y);
    }
    y = dense({ units: 500, activation: "relu" }).apply(flatten().apply(y));
    return dense({ units: 10 }).apply(y);
  },
  resnet8: (x) => {
    const layer = (x, filters, kernelSize, strides = 1) =>
      batchNormalization({}).apply(conv2d({ filters, kernelSize, strides, padding: "same", useBias: false }).apply(x));
    let y = reLU().apply(layer(x, 16, 3));
    for (const [filters, strides] of [[16, 1], [32, 2], [64, 2]]) {
      const aside = strides === 1 ? y : layer(y, filters, 1, strides);
      y = layer(reLU().apply(layer(y, filters, 3, strides)), filters, 3);
      y = reLU().apply(add().apply([y, aside]));
    }
    return dense({ units: 10 }).apply(globalAveragePooling2d({}).apply(y));
  },
};

/** Kernels of a network's gradients that a back end lacks. */
export function missing(id, backend) {
  return id === "lenet-300-100" ? [] : GRADIENTS.filter((kernel) => !tf.getKernel(kernel, backend));
}

/** A network on a back end; `step(times)` learns that often from one batch of `batch` images. */
export async function train(id, backend, batch) {
  await tf.setBackend(backend);
  const input = tf.input({ shape: [28, 28, 1] });
  const model = tf.model({ inputs: input, outputs: networks[id](input) });
  model.compile({ optimizer: tf.train.momentum(1e-3, 0.9, true), loss: (y, p) => tf.losses.softmaxCrossEntropy(y, p) });
  const x = tf.randomNormal([batch, 28, 28, 1]);
  const y = tf.oneHot(tf.tensor1d(Array.from({ length: batch }, (_, i) => i % 10), "int32"), 10);
  return {
    parameters: model.trainableWeights.reduce((sum, w) => sum + w.shape.reduce((a, b) => a * b, 1), 0),
    async step(times) {
      await tf.setBackend(backend);
      for (let i = 0; i < times; i++) await model.trainOnBatch(x, y);
    },
    release() {
      model.dispose();
      x.dispose();
      y.dispose();
    },
  };
}
