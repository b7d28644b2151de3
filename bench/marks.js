// The marks: what is promised, and where in the measured rows it is kept or missed.
//
// A mark lists points, { name, value, low, high }, from the rows; it is met where every point is. `least` and `most` bound the
// values. A new mark is an entry here; rows come from sections/.

const point = (row, { value, low, high }) => ({ name: row.name, value, low, high });

/** Points of the rows of inference that a condition picks; rows without the value count for nothing. */
const speed = (when, what) => (rows) =>
  rows.filter((row) => row.section === "speed" && when(row) && what(row)).map((row) => point(row, what(row)));

const vsOrt = (row) => row.vs.ort;
const vsTf = (row) => row.vs.tf;
const vsOwn = (row) => row.vs.own;
const share = (row) => row.share;
/** Multiply-adds a second on the non-zeros over those of the unpruned plan; for channels, measured over theoretical gain. */
const kept = ({ vs: { own }, theoretical }) =>
  own && { value: own.value / theoretical, low: own.low / theoretical, high: own.high / theoretical };

const SHAPES = ["zoo", "ResNet-18", "MobileNet-V2"];
const dense = (row) => row.kind === "layers" && SHAPES.includes(row.of) && row.sparsity === 0;
const sparse = (row) => row.kind === "layers" && row.pattern === "element" && row.sparsity === 0.9;
const network = (id, sparsity, batch = 1) => (row) =>
  row.kind === "network" && row.what === id && row.pattern === "element" && row.sparsity === sparsity && row.batch === batch;

const pattern = (name) => (rows) =>
  rows.filter((row) => row.section === "patterns" && row.pattern === name).map((row) => point(row, row.element));

const training = (when) => (rows) =>
  rows.filter((row) => row.section === "training" && row.gain && when(row)).map((row) => point(row, row.gain));

const oneShot = (when) => (rows) =>
  rows.filter((row) => row.section === "one-shot" && when(row)).map((row) => point(row, row.ms));

const single = (value) => ({ value, low: value, high: value });

export const marks = [
  { mark: "dense layer, against ONNX Runtime Web", least: 1.5, unit: "x", points: speed(dense, vsOrt) },
  { mark: "dense layer, against TensorFlow.js", least: 1.5, unit: "x", points: speed(dense, vsTf) },
  { mark: "dense layer, share of the multiply-add peak", least: 85, unit: "%", points: speed(dense, share) },
  { mark: "layer, 90% of single weights cut, against ONNX Runtime Web dense", least: 12, unit: "x", points: speed(sparse, vsOrt) },
  { mark: "layer, 90% of single weights cut, against our best dense", least: 8, unit: "x", points: speed(sparse, vsOwn) },
  { mark: "layer, 90% of single weights cut, share of our dense rate", least: 75, unit: "%", points: speed(sparse, kept) },
  { mark: "blocks 4x1, against single weights at the same sparsity", least: 1, unit: "x", points: pattern("block 4x1") },
  { mark: "blocks 2x1, against single weights at the same sparsity", least: 1, unit: "x", points: pattern("block 2x1") },
  { mark: "blocks 1x4, against single weights at the same sparsity", least: 1, unit: "x", points: pattern("block 1x4") },
  { mark: "2:4, against single weights at the same sparsity", least: 1, unit: "x", points: pattern("2:4") },
  { mark: "resnet14 90%, batch 1, against ONNX Runtime Web dense", least: 10, unit: "x", points: speed(network("resnet14", 0.9), vsOrt) },
  { mark: "resnet14 90%, batch 64, against ONNX Runtime Web dense", least: 8, unit: "x", points: speed(network("resnet14", 0.9, 64), vsOrt) },
  { mark: "vgg-small 95%, against ONNX Runtime Web dense", least: 15, unit: "x", points: speed(network("vgg-small", 0.95), vsOrt) },
  { mark: "mobilenet-small 80%, against ONNX Runtime Web dense", least: 4, unit: "x", points: speed(network("mobilenet-small", 0.8), vsOrt) },
  { mark: "lenet-300-100 95%, batch 1, against our dense", least: 6, unit: "x", points: speed(network("lenet-300-100", 0.95), vsOwn) },
  { mark: "lenet-300-100 95%, batch 64, against our dense", least: 10, unit: "x", points: speed(network("lenet-300-100", 0.95, 64), vsOwn) },
  { mark: "half the channels removed, measured over theoretical gain", least: 0.9, unit: "x", points: speed((row) => row.pattern === "channel", kept) },
  { mark: "training lenet-5 and resnet8, against TensorFlow.js cpu", least: 5, unit: "x", points: training((row) => row.backend === "cpu") },
  { mark: "training resnet8 with 90% cut, against dense training", least: 2, unit: "x", points: training((row) => row.sparsity > 0) },
  { mark: "one-shot pruning by magnitude", most: 20, unit: " ms", points: oneShot((row) => row.criterion === "magnitude") },
  { mark: "one-shot pruning by gradients (snip, taylor), 64 images", most: 300, unit: " ms", points: oneShot((row) => row.images === 64) },
  {
    mark: "growth of compile and run time with non-zeros, log-log slope",
    most: 1.05,
    unit: "",
    points: (rows) => rows.filter((row) => row.section === "growth").map((row) => point(row, single(row.slopes.both))),
  },
  {
    mark: "memory of a plan over model and two largest activations",
    most: 1.5,
    unit: "x",
    points: (rows) => rows.filter((row) => row.section === "memory").map((row) => point(row, single(row.ratio))),
  },
];

/** A mark with its points judged: the one that is furthest from the bound or nearest to it speaks for all. */
export function judge(mark, rows) {
  const scale = mark.unit === "%" ? 100 : 1;
  const points = mark
    .points(rows)
    .map(({ name, value, low, high }) => ({ name, value: scale * value, low: scale * low, high: scale * high }));
  const met = ({ value }) => (mark.least === undefined ? value <= mark.most : value >= mark.least);
  const sign = mark.least === undefined ? -1 : 1;
  const worst = points.reduce((a, b) => (a === undefined || sign * b.value < sign * a.value ? b : a), undefined);
  return { ...mark, points, worst, count: points.filter(met).length };
}
