// A made-up catalog with the true one's form, for page tests without the engine.

import type { Axis, Catalog, Meta, Method, Param, PartId } from "../types.js";

const float = (key: string, label: string, what: string, value: number, min: number, max: number): Param => ({
  key,
  label,
  what,
  kind: { type: "float", default: value, min, max, log: false },
});
const int = (key: string, label: string, what: string, value: number, min: number, max: number): Param => ({
  key,
  label,
  what,
  kind: { type: "int", default: value, min, max },
});
const part = (id: string, name: string, what: string, params: Param[] = []): Meta => ({
  id: id as PartId,
  name,
  what,
  formula: "s = |w|",
  sources: [{ cite: "A. Author, A paper on it, 2020", url: "https://arxiv.org/abs/2308.06767" }],
  params,
});
const axis = (id: string, name: string, question: string, parts: Meta[]): Axis => ({
  id,
  name,
  question,
  default: parts[0]!.id,
  quiet: false,
  parts,
});

const axes: Axis[] = [
  axis("pattern", "Pattern", "What goes together?", [
    part("fine", "Single weights", "Every weight stands alone."),
    part("nm", "N of M", "Of every M neighbours, N stay.", [
      int("n", "N", "Weights kept.", 2, 1, 8),
      int("m", "M", "Group.", 4, 2, 16),
    ]),
    part("channels", "Channels", "Whole output channels go; the network becomes smaller."),
  ]),
  axis("criterion", "Criterion", "Which go first?", [
    part("size", "Magnitude", "The smallest absolute values."),
    part("chance", "Random", "Drawn by lot; the baseline any method has to beat."),
    part("slope", "Taylor", "Those whose removal changes the loss least.", [
      int("batches", "Batches", "Calibration batches.", 4, 1, 64),
    ]),
  ]),
  axis("allocation", "Allocation", "How much where?", [
    part("whole", "Global", "One threshold for the network."),
    part("each", "Layer-wise", "The same share in every layer."),
  ]),
  axis("schedule", "Schedule", "When, and how much by then?", [
    part("once", "One shot", "All at once."),
    part("steps", "Iterative", "In equal steps with training between.", [int("steps", "Steps", "Cuts.", 5, 2, 50)]),
  ]),
  axis("regrow", "Regrowth", "What comes back?", [part("nothing", "None", "A cut is final.")]),
  axis("recovery", "Recovery", "What happens after?", [
    part("tune", "Fine-tune", "Train what is left.", [
      float("epochs", "Epochs", "Passes over the training images.", 1, 0, 10),
      {
        key: "nesterov",
        label: "Nesterov",
        what: "Look ahead with the momentum.",
        kind: { type: "flag", default: true },
      },
      {
        key: "rate",
        label: "Rate",
        what: "How the learning rate falls.",
        kind: { type: "choice", default: "cosine", of: ["cosine", "step"] },
      },
    ]),
    part("nothing", "None", "The network stays as cut."),
  ]),
];

const method = (
  id: string,
  name: string,
  family: string,
  settings: Record<string, string>,
): Method => ({
  id,
  name,
  family,
  what: `${name}: keeps the weights its rule ranks highest and lets the rest go.`,
  formula: "s = |w|, keep the k largest",
  sources: [{ cite: "A. Author, A paper on it, 2020", url: "https://arxiv.org/abs/2308.06767" }],
  aliases: [],
  reading: id === "m7" ? "The paper leaves the batch count open; four are used here." : "",
  settings,
});

const base = {
  pattern: "fine",
  criterion: "size",
  allocation: "whole",
  schedule: "once",
  regrow: "nothing",
  recovery: "tune",
};

export const fakeCatalog: Catalog = {
  version: "0.1.0",
  axes,
  methods: [
    method("m1", "Global magnitude", "Magnitude", base),
    method("m2", "Layer-wise magnitude", "Magnitude", { ...base, allocation: "each" }),
    method("m3", "Gradual magnitude (GMP)", "Magnitude", { ...base, schedule: "steps" }),
    method("m4", "Random", "Baselines", { ...base, criterion: "chance" }),
    method("m5", "2:4 magnitude", "Semi-structured", { ...base, pattern: "nm", allocation: "each" }),
    method("m6", "Channel magnitude", "Structured", { ...base, pattern: "channels" }),
    method("m7", "Taylor", "Loss change", { ...base, criterion: "slope" }),
  ],
  globals: [
    float("sparsity", "Sparsity", "The fraction of weights removed.", 0.9, 0, 0.99),
    int("seed", "Seed", "Every random choice follows from it.", 1, 0, 1000000),
  ],
  training: [int("training.steps", "Steps in all", "Training steps of the whole run.", 200, 1, 1000)],
  first: {},
  budget: { "training.steps": "200" },
  running: [
    int("batch", "Batch", "Images a forward pass when timing.", 1, 1, 64),
    int("threads", "Threads", "Threads that share a pass.", 1, 1, 64),
  ],
  models: [
    {
      id: "resnet8",
      name: "ResNet-8",
      what: "A residual network of eight layers.",
      data: "fashion",
      input: [1, 28, 28],
      classes: 10,
      tokens: false,
    },
    {
      id: "lenet-5",
      name: "LeNet-5",
      what: "Two convolutions and three linear layers.",
      data: "mnist",
      input: [1, 28, 28],
      classes: 10,
      tokens: false,
    },
  ],
  formats: [
    { id: "small", name: "Small", suffix: ".small", what: "What is kept." },
    { id: "whole", name: "Whole", suffix: ".whole", what: "With zeros." },
  ],
  datasets: [
    {
      id: "fashion",
      name: "Fashion-MNIST",
      what: "Grey pictures of clothes.",
      license: "MIT",
      attribution: "© 2017 Zalando SE",
      source: "https://github.com/zalandoresearch/fashion-mnist",
      task: "classes",
      classes: ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
      shape: [1, 28, 28],
      train: 6000,
      mean: 0.3,
      spread: 0.35,
    },
    {
      id: "mnist",
      name: "MNIST",
      what: "Handwritten digits.",
      license: "CC BY-SA 3.0",
      attribution: "LeCun, Cortes, Burges",
      source: "http://yann.lecun.com/exdb/mnist/",
      task: "classes",
      classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
      shape: [1, 28, 28],
      train: 6000,
      mean: 0.3,
      spread: 0.35,
    },
  ],
};
