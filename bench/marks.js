// The marks: what is promised, and where in the measured rows it is kept or missed.
//
// A mark lists points, { name, value, low, high }, from the rows; `least` or `most` bounds their values, and it is met where
// every point is. A new mark is an entry here; rows come from sections/.

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

const gain = (section, when) => (rows) =>
  rows.filter((row) => row.section === section && when(row)).map((row) => point(row, row.gain));

const oneShot = (when) => (rows) =>
  rows.filter((row) => row.section === "one-shot" && when(row)).map((row) => point(row, row.ms));

/** Rows that are counted or fitted, not sampled. */
const once = (section, what) => (rows) =>
  rows
    .filter((row) => row.section === section)
    .map((row) => point(row, { value: what(row), low: what(row), high: what(row) }));

/** Where single weights begin to pay on convolutions with 64 pixels or more; a layer on which they never do counts as all. */
const paying = (rows) =>
  once("break-even", ({ found }) => found.at ?? 1)(
    rows.filter((row) => row.section === "break-even" && row.cut === "single weights" && row.pixels >= 64),
  );

/** How many of twenty measurements hold what they should; the own clock's are no mark, since it is what the others are held to. */
const held = (what) => once("intervals", what);

const atLeast = (least, unit, mark, points) => ({ mark, least, unit, points });
const atMost = (most, unit, mark, points) => ({ mark, most, unit, points });

export const marks = [
  atLeast(1.5, "x", "dense layer, against ONNX Runtime Web", speed(dense, vsOrt)),
  atLeast(1.5, "x", "dense layer, against TensorFlow.js", speed(dense, vsTf)),
  atLeast(85, "%", "dense layer, share of the multiply-add peak", speed(dense, share)),
  atLeast(12, "x", "layer, 90% of single weights cut, against ONNX Runtime Web dense", speed(sparse, vsOrt)),
  atLeast(8, "x", "layer, 90% of single weights cut, against our best dense", speed(sparse, vsOwn)),
  atLeast(75, "%", "layer, 90% of single weights cut, share of our dense rate", speed(sparse, kept)),
  atLeast(1, "x", "blocks 4x1, against single weights at the same sparsity", pattern("block 4x1")),
  atLeast(1, "x", "blocks 2x1, against single weights at the same sparsity", pattern("block 2x1")),
  atLeast(1, "x", "blocks 1x4, against single weights at the same sparsity", pattern("block 1x4")),
  atLeast(1, "x", "2:4, against single weights at the same sparsity", pattern("2:4")),
  atMost(30, "%", "break-even of single weights, convolutions with 64 pixels or more", paying),
  atLeast(10, "x", "resnet14 90%, batch 1, against ONNX Runtime Web dense", speed(network("resnet14", 0.9), vsOrt)),
  atLeast(8, "x", "resnet14 90%, batch 64, against ONNX Runtime Web dense", speed(network("resnet14", 0.9, 64), vsOrt)),
  atLeast(15, "x", "vgg-small 95%, against ONNX Runtime Web dense", speed(network("vgg-small", 0.95), vsOrt)),
  atLeast(4, "x", "mobilenet-small 80%, against ONNX Runtime Web dense", speed(network("mobilenet-small", 0.8), vsOrt)),
  atLeast(6, "x", "lenet-300-100 95%, batch 1, against our dense", speed(network("lenet-300-100", 0.95), vsOwn)),
  atLeast(10, "x", "lenet-300-100 95%, batch 64, against our dense", speed(network("lenet-300-100", 0.95, 64), vsOwn)),
  atLeast(0.9, "x", "half the channels removed, measured over theoretical gain", speed((row) => row.pattern === "channel", kept)),
  atLeast(1.5, "x", "8-bit integers, 90% of single weights cut, against sparse floats", gain("int8", (row) => row.sparsity > 0)),
  atLeast(1.8, "x", "two threads or more, networks above 2 ms, against one", gain("threads", (row) => row.one >= 2)),
  atLeast(18, " of 20", "intervals of whole runs, any clock, that hold the fine clock's median", held((row) => row.held)),
  atLeast(19, " of 20", "intervals of a network against itself, any clock, that hold 1.0", held((row) => row.same)),
  atLeast(5, "x", "training lenet-5 and resnet8, against TensorFlow.js cpu", training((row) => row.backend === "cpu")),
  atLeast(2, "x", "training resnet8 with 90% cut, against dense training", training((row) => row.sparsity > 0)),
  atMost(20, " ms", "one-shot pruning by magnitude", oneShot((row) => row.criterion === "magnitude")),
  atMost(300, " ms", "one-shot pruning by gradients (snip, taylor), 64 images", oneShot((row) => row.images === 64)),
  atMost(1.05, "", "growth of compile and run time with non-zeros, log-log slope", once("growth", (row) => row.slopes.both)),
  atMost(1.5, "x", "memory of a plan over model and two largest activations", once("memory", (row) => row.ratio)),
];

/**
 * A mark with its points judged; the one that is worst for it speaks for all. Where points miss the bound, but none by more
 * than its interval, the mark is undecided.
 */
export function judge(mark, rows) {
  const scale = mark.unit === "%" ? 100 : 1;
  const points = mark
    .points(rows)
    .map(({ name, value, low, high }) => ({ name, value: scale * value, low: scale * low, high: scale * high }));
  const atLeast = mark.least !== undefined;
  const met = ({ value }) => (atLeast ? value >= mark.least : value <= mark.most);
  const open = ({ low, high }) => (atLeast ? high >= mark.least : low <= mark.most);
  const worse = (a, b) => (atLeast ? a.value < b.value : a.value > b.value);
  const worst = points.reduce((a, b) => (a === undefined || worse(b, a) ? b : a), undefined);
  const verdict = points.every(met) ? "met" : points.every((p) => met(p) || open(p)) ? "undecided" : "missed";
  return { ...mark, points, worst, verdict, met: points.filter(met).length };
}
