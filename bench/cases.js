// What is measured. The first rows are the marks that docs/performance.md keeps.

const conv = (channels, kernel, size, pattern, sparsity) => ({ kind: "conv", channels, kernel, size, pattern, sparsity });
const model = (id, pattern, sparsity, batch = 1) => ({ kind: "model", id, pattern, sparsity, batch });

export const cases = [
  conv(64, 3, 16, "element", 0.9),
  conv(64, 3, 32, "element", 0.9),
  model("resnet14", "element", 0.9),
  model("resnet14", "element", 0),

  conv(64, 3, 16, "element", 0),
  conv(64, 3, 16, "element", 0.5),
  conv(64, 3, 16, "element", 0.8),
  conv(64, 3, 16, "element", 0.95),
  conv(64, 3, 32, "element", 0),
  conv(64, 3, 32, "element", 0.5),
  conv(64, 3, 32, "block", 0.9),
  conv(64, 3, 32, "n:m", 0.5),
  conv(64, 1, 16, "element", 0),
  conv(64, 1, 16, "element", 0.9),
  conv(64, 1, 32, "element", 0.9),

  model("resnet14", "element", 0.9, 64),
  model("resnet14", "element", 0, 64),
  ...["lenet-300-100", "lenet-5", "resnet8", "vgg-small", "mobilenet-small"].flatMap((id) => [
    model(id, "element", 0.9),
    model(id, "element", 0),
  ]),

  // Next to no work: what a call costs on either side.
  conv(1, 1, 1, "element", 0),
];
