// What is measured against the peers: layers and networks, and the settings of each pattern.

/** What goes together, as the settings that choose it. */
export const patterns = {
  element: "pattern=element",
  "block 4x1": "pattern=block pattern.rows=4 pattern.columns=1",
  "block 2x1": "pattern=block pattern.rows=2 pattern.columns=1",
  "block 1x4": "pattern=block pattern.rows=1 pattern.columns=4",
  "2:4": "pattern=n:m pattern.n=2 pattern.m=4",
  channel: "pattern=channel",
};

/** Layers in a row: copies and calls at both ends, which a network has once, then weigh a fourth. */
const DEPTH = 4;

/** `channels` are those before and after a layer; where they differ, layers widen and narrow in turn. */
export const layers = (of, kernel, channels, size, pattern, sparsity, depth = DEPTH) => {
  const [a, b = a] = channels;
  const source = of === "single" ? "" : ` (${of})`;
  const across = a === b ? `${a} channel${a === 1 ? "" : "s"}` : `${a} to ${b} to ${a} channels`;
  const name = `${kernel}x${kernel}, ${across}, ${size}x${size}${source}`;
  const widths = Array.from({ length: depth + 1 }, (_, i) => (i % 2 ? b : a));
  return { kind: "layers", of, name, channels: widths, kernel, size, pattern, sparsity };
};

export const network = (id, pattern, sparsity, batch = 1) => ({ kind: "network", of: "zoo", name: id, id, pattern, sparsity, batch });

/** Shapes whose dense and 90% sparse layers are marks. */
const SHAPES = [
  ["zoo", 3, [24], 28],
  ["zoo", 3, [48], 14],
  ["zoo", 3, [96], 7],
  ["zoo", 1, [64], 14],
  ["zoo", 1, [128], 7],
  ["single", 3, [64], 16],
  ["single", 3, [64], 32],
  ["ResNet-18", 3, [64], 56],
  ["ResNet-18", 3, [128], 28],
  ["ResNet-18", 3, [256], 14],
  ["ResNet-18", 3, [512], 7],
  ["MobileNet-V2", 1, [24, 144], 56],
  ["MobileNet-V2", 1, [32, 192], 28],
  ["MobileNet-V2", 1, [64, 384], 14],
  ["MobileNet-V2", 1, [96, 576], 14],
  ["MobileNet-V2", 1, [160, 960], 7],
];

export const cases = [
  ...SHAPES.flatMap((shape) => [layers(...shape, "element", 0), layers(...shape, "element", 0.9)]),
  layers("single", 3, [64], 16, "element", 0.5),
  layers("single", 3, [64], 16, "element", 0.8),
  layers("single", 3, [64], 16, "element", 0.95),
  network("resnet14", "element", 0),
  network("resnet14", "element", 0.9),
  network("resnet14", "element", 0, 64),
  network("resnet14", "element", 0.9, 64),
  network("vgg-small", "element", 0),
  network("vgg-small", "element", 0.95),
  network("mobilenet-small", "element", 0),
  network("mobilenet-small", "element", 0.8),
  network("lenet-300-100", "element", 0),
  network("lenet-300-100", "element", 0.95),
  network("lenet-300-100", "element", 0.95, 64),
  network("lenet-5", "element", 0),
  network("lenet-5", "element", 0.9),
  network("resnet8", "element", 0),
  network("resnet8", "element", 0.9),
  ...["resnet14", "vgg-small", "mobilenet-small"].map((id) => network(id, "channel", 0.5)),
  // Attention is nothing that our description of a plan tells TensorFlow.js.
  ...[0, 0.8].map((sparsity) => ({ ...network("vit-small", "element", sparsity), peers: ["ort"] })),
  // Next to no work: what a call costs on each side.
  layers("single", 1, [1], 1, "element", 0, 1),
];
