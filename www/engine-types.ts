// What crosses from the engine to the page. Made from the Rust types; change those, then
//     SECATEUR_TYPES=write cargo test --features cli,gpu --test suite types
// Maps are plain objects; fractions run from 0 to 1.

/** A part's stable name. The page knows none of them: comparing one with a literal does not compile. */
export type PartId = string & { readonly part: unique symbol };

/** All there is to choose from. */
export type Catalog = {
  /** Version of this crate. */
  version: string;
  /** The axes with their parts. */
  axes: Array<Axis>;
  /** Published methods. */
  methods: Array<Method>;
  /** Settings that belong to no axis. */
  globals: Array<Param>;
  /** How what is left is trained. */
  training: Array<Param>;
  /** What a visitor without wishes of their own sees first. */
  first: { [key: string]: string };
  /** What a sweep gives every method unless it is told otherwise. */
  budget: { [key: string]: string };
  /** How the pruned network is run when it is measured. */
  running: Array<Param>;
  /** Networks. */
  models: Array<ModelRow>;
  /** Data sets. */
  datasets: Array<DataRow>;
  /** Formats that networks are saved in. */
  formats: Array<FormatRow>;
};

/** An axis with its parts. */
export type Axis = {
  /** Key in settings. */
  id: string;
  /** Name for people. */
  name: string;
  /** What it decides. */
  question: string;
  /** The part that stands where none is chosen. */
  default: PartId;
  /** It is not shown until something is chosen on it. */
  quiet: boolean;
  /** What there is to choose from. */
  parts: Array<Meta>;
};

/** A method with its settings spelled out. */
export type Method = {
  /** Its settings. */
  settings: { [key: string]: string };
  /** Stable name. */
  id: string;
  /** Name for people. */
  name: string;
  /** What it does, in one sentence. */
  what: string;
  /** The rule as a formula. */
  formula: string;
  /** Where it was published. */
  sources: Array<Source>;
  /** Part of the taxonomy it belongs to. */
  family: string;
  /** Other names that people look for. */
  aliases: Array<string>;
  /** What is our reading where the published rule leaves a choice; empty where it does not. */
  reading: string;
};

/** How a part names and explains itself. */
export type Meta = {
  /** Stable name in kebab case, stored in recipes and URLs. */
  id: PartId;
  /** Name for people. */
  name: string;
  /** What it does, in one sentence. */
  what: string;
  /** The rule as a formula. */
  formula: string;
  /** Where it was published. */
  sources: Array<Source>;
  /** What can be set. */
  params: Array<Param>;
};

/** A setting of a part. */
export type Param = {
  /** Key after the axis and a dot: `steps` in `schedule.steps=10`. */
  key: string;
  /** Label for people. */
  label: string;
  /** What it does, in one sentence. */
  what: string;
  /** Type, range and default. */
  kind: ParamKind;
};

/** Type, range and default of a setting. */
export type ParamKind = { "type": "float";
  /** Value when none is given. */
  default: number;
  /** Smallest value. */
  min: number;
  /** Largest value. */
  max: number;
  /** Whether a slider should run logarithmically. */
  log: boolean;
  } | { "type": "int";
  /** Value when none is given. */
  default: number;
  /** Smallest value. */
  min: number;
  /** Largest value. */
  max: number;
  } | { "type": "choice";
  /** Value when none is given. */
  default: string;
  /** The words. */
  of: Array<string>;
  } | { "type": "flag";
  /** Value when none is given. */
  default: boolean;
  } | { "type": "own";
  /** Whether it is a whole number. */
  whole: boolean;
  /** Smallest value. */
  min: number;
  /** Largest value. */
  max: number;
  /** Whether a slider should run logarithmically. */
  log: boolean;
  } | { "type": "words";
  /** Value when none is given. */
  default: string;
};

/** Where a method comes from. */
export type Source = {
  /** Authors, venue and year. */
  cite: string;
  /** Where to read it. */
  url: string;
};

/** What a network is, and how its weights were trained. */
export type ModelRow = {
  /** Stable name. */
  id: string;
  /** Name for people. */
  name: string;
  /** What it is, in one sentence. */
  what: string;
  /** The data set it was trained on. */
  data: string;
  /** Shape of an example, [C, H, W], or `[T]` of tokens. */
  input: Array<number>;
  /** Number of classes. */
  classes: number;
  /** Whether it computes on tokens: what that takes, a page fetches first. */
  tokens: boolean;
};

/** What a data set is, where it comes from and how its numbers are scaled. */
export type DataRow = {
  /** Stable name. */
  id: string;
  /** Name for people. */
  name: string;
  /** What it shows, in one sentence. */
  what: string;
  /** Licence. */
  license: string;
  /** Whom to name. */
  attribution: string;
  /** Where it was published. */
  source: string;
  /** What is asked of it. */
  task: Task;
  /** Names of the classes; of a text its characters. */
  classes: Array<string>;
  /** Shape of an image, [C, H, W], or characters of a window, `[T]`. */
  shape: Array<number>;
  /** Training examples that are shipped with the page. */
  train: number;
  /** Mean grey of the training images, in 0..1; 0 of text. */
  mean: number;
  /** Standard deviation of grey; 1 of text. */
  spread: number;
};

/** What a network is asked about an example. */
export type Task = "classes" | "next-token";

/** A format of files. */
export type FormatRow = {
  /** Stable name. */
  id: string;
  /** Name for people. */
  name: string;
  /** What file names end in. */
  suffix: string;
  /** What it holds and who reads it. */
  what: string;
};

/** What a network is: layers and links, for the picture. */
export type ModelInfo = {
  /** Its id. */
  id: string;
  /** Its name. */
  name: string;
  /** Digest of its weights: the `source` of the records of its runs. */
  digest: string;
  /** Trained numbers. */
  parameters: number;
  /** Multiply-adds of one example. */
  macs: number;
  /** Shape of an example. */
  input: Array<number>;
  /** Layers with weights, in order. */
  layers: Array<LayerInfo>;
  /** Residual links, by layer names. */
  links: Array<[string, string]>;
  /** Trained numbers that are not zero. */
  nonzero: number;
  /** The run that saved its file, if one did. */
  saved: Origin | null;
  /** The method of that run, if it was a published one. */
  method?: string;
  /** What is to be known about it: that it is pruned already, how its file was read. */
  notes: Array<string>;
};

/** One layer with weights. */
export type LayerInfo = {
  /** Name. */
  name: string;
  /** `conv`, `depthwise` or `linear`. */
  kind: string;
  /** Shape of the weight. */
  shape: Array<number>;
  /** Shape of the output, without the batch. */
  out: Array<number>;
  /** Weights. */
  parameters: number;
  /** Multiply-adds of one example. */
  macs: number;
  /** Whether it can be pruned. */
  prunable: boolean;
};

/** Where a network comes from. The same in every format. */
export type Origin = {
  /** The network's id. */
  model: string;
  /** All settings of the run, completed. */
  recipe: { [key: string]: string };
  /** Seed of everything random. */
  seed: string;
  /** Digest of the weights: that of the run's record. */
  digest: string;
  /** Digest of the weights that were cut. */
  source: string;
  /** The program that wrote it. */
  producer: string;
};

/** What a check of settings says. */
export type Check = {
  /** Whether a run can start. */
  ok: boolean;
  /** What is wrong. */
  errors: Array<EngineError>;
  /** Parts that do not go with the rest or with this network, with reasons, by axis. */
  disabled: { [key: string]: { [key: string]: string } };
  /** Settings that other settings fix, with reasons, by key. */
  fixed: { [key: string]: string };
  /** The settings, completed. */
  settings: { [key: string]: string };
  /** The method: the one that is named, else the one whose choices these are. */
  method?: string;
  /** Keys of settings that are not as the method has them, where they say what it is. */
  changed: Array<string>;
  /** What a run would do. */
  timeline: Array<Stage>;
  /** What is worth knowing beforehand. */
  warnings: Array<string>;
};

/** A piece of a run on its timeline. */
export type Stage = {
  /** `reinit prune train rewind recalibrate fuse evaluate compile measure`, and what else a phase may do. */
  kind: string;
  /** What it does, in words. */
  label: string;
  /** Steps it takes. */
  steps: number;
  /** Share cut after it, if it cuts. */
  sparsity?: number;
};

/** An error: kind, message, hint, and the path of the place it came from. */
export type EngineError = {
  /** The sort of error. */
  kind: ErrorKind;
  /** What went wrong, in one sentence. */
  message: string;
  /** What to do about it. */
  hint: string;
  /** The settings key at fault, if there is one. */
  key?: string;
};

/** What sort of thing went wrong; stable names, seen by the page and by scripts. */
export type ErrorKind = "shape" | "unsupported" | "format" | "setting" | "evidence" | "diverged" | "state" | "io";

/** Sizes after a cut. */
export type Preview = {
  /** Layer by layer. */
  layers: Array<Kept>;
  /** Length of the file of the network as it is. */
  bytes_dense: number;
  /** Length of the file that would be saved. */
  bytes_stored: number;
  /** Weights kept. */
  kept: number;
  /** Weights there are. */
  total: number;
  /** Why this is not the run's own cut, where magnitudes stand in for the scores. */
  stand_in?: string;
  /** Whether nothing can be said before a run: the figures are then those of the whole network. */
  unforeseen?: boolean;
  /** What is overruled or missed, with the share reached. */
  notes: Array<string>;
};

/** Weights kept of a layer. */
export type Kept = {
  /** Name of the layer. */
  name: string;
  /** Weights kept. */
  kept: number;
  /** Weights it has. */
  total: number;
};

/** One thing that happened. */
export type LabEvent = { "type": "timeline";
  /** The stages. */
  phases: Array<Stage>;
  } | { "type": "phase";
  /** Its number. */
  index: number;
  /** What it does, in words. */
  label: string;
  /** Its kind. */
  kind: string;
  } | { "type": "progress";
  /** Its number. */
  phase: number;
  /** Steps done. */
  done: number;
  /** Steps in all. */
  total: number;
  } | { "type": "train";
  /** Counted over the whole run. */
  step: number;
  /** Loss of the batch. */
  loss: number;
  /** Share of right answers in the batch. */
  accuracy: number;
  /** Learning rate. */
  lr: number;
  } | { "type": "accuracy";
  /** Training step. */
  step: number;
  /** Share of right answers. */
  accuracy: number | null;
  /** Lower end of Wilson's interval. */
  low: number | null;
  /** Upper end. */
  high: number | null;
  /** Images. */
  n: number;
  /** `validation` or `test`. */
  split: string;
  } | { "type": "masks";
  /** Share of all weights that is cut. */
  sparsity: number;
  /** Layer by layer. */
  layers: Array<Kept>;
  } | { "type": "shown";
  /** Training step. */
  step: number;
  /** How often they occur. */
  histogram: Histogram;
  } | { "type": "speed";
  /** The times. */
  speed: Speed;
  } | { "type": "note";
  /** `info` or `warn`. */
  level: string;
  /** The sentence. */
  message: string;
  } | { "type": "measured";
  /** The point. */
  row: SurveyRow;
  } | { "type": "survey";
  /** All of it. */
  survey: Survey;
  } | { "type": "result";
  /** What came of it. */
  record: RunRecord;
  } | { "type": "done" };

/** Everything about a finished run. */
export type RunRecord = {
  /** Version of this form. */
  format: number;
  /** `baseline` or `run`. */
  job: string;
  /** The network. */
  model: string;
  /** The data set. */
  data: string;
  /** The method, if one was named. */
  method?: string;
  /** All settings, completed. */
  recipe: { [key: string]: string };
  /** Seed of everything random. */
  seed: number;
  /** What training came to. */
  training?: Training;
  /** On the test images. */
  accuracy: Accuracy;
  /** What is stored. */
  size: Size;
  /** Multiply-adds with weights for one example. */
  macs: Macs;
  /** Measured here. */
  speed: Speed;
  /** Layer by layer. */
  layers: Array<LayerRow>;
  /** Where it was measured. */
  environment: Environment;
  /** Of the bits of all parameters. */
  digest: string;
  /** The same of the weights that were cut: runs of other weights are not to be set beside these. Empty in records of old. */
  source?: string;
  /** The result in words. */
  verdict: string;
  /** What else should be known: collapsed layers, why it is not faster. */
  notes: Array<string>;
  /** Class by class. */
  classes: Array<ClassRow>;
  /** Test images whose answer changed, at most 64. */
  changed: Array<Changed>;
  /** How many answers changed in all. */
  changed_total: number;
  /** The same by what became of them. */
  changed_counts?: ChangedCounts;
  /** What was done. */
  timeline: Array<Stage>;
  /** Loss and accuracy while training. */
  curve: Array<TrainPoint>;
  /** Numbers that the training shaped, four times in its course, where it shaped any. */
  shown?: Array<Shown>;
  /** What a search tried, and what it settled on. */
  search?: Found;
  /** What a network of characters came to, besides accuracy. */
  text?: TextResult;
  /** What single images took, where each runs a part of the network. */
  per_image?: PerImage;
  /** How long it took. */
  seconds: number;
};

/** The training of a run, as it was done: equal terms are seen here. */
export type Training = {
  /** Steps in all; 0 where nothing was trained. */
  steps: number;
  /** Images that were trained on, held-out ones left aside. */
  images: number;
  /** Images of a step. */
  batch: number;
  /** Highest learning rate. */
  lr?: number;
  /** `sgd`, `adam` or `adamw`. */
  optimizer: string;
  /** Of SGD. */
  momentum?: number;
  /** Weight decay. */
  decay: number;
  /** Whether images were varied. */
  augment: boolean;
};

/** Shares of right answers on test images, with Wilson's 95% intervals. Not a number, which JSON writes as null, where there are no images. */
export type Accuracy = {
  /** Of the network as it was. */
  before: number | null;
  /** Of the pruned network. */
  after: number | null;
  /** Lower end of the interval of `after`. */
  low: number | null;
  /** Upper end of the interval of `after`. */
  high: number | null;
  /** Of the pruned network in floats, where it runs on bytes. */
  float?: number;
  /** Test images. */
  n: number;
  /** Lower end of the interval of `before`. */
  before_low: number | null;
  /** Upper end of the interval of `before`. */
  before_high: number | null;
  /** Among the five likeliest, before. */
  top5_before: number | null;
  /** Among the five likeliest, after. */
  top5_after: number | null;
};

/** What is stored. */
export type Size = {
  /** Trained numbers of the dense network. */
  parameters: number;
  /** Trained numbers that are left: those of the file that are not zero. */
  nonzero: number;
  /** Length of the plain safetensors file of the dense network. */
  bytes_dense: number;
  /** Length of the compact file of the pruned one. */
  bytes_stored: number;
};

/** Multiply-adds. */
export type Macs = {
  /** Of the dense network. */
  dense: number;
  /** Of the pruned one; where images run different parts of it, the mean of what they took. */
  pruned: number;
};

/** Time of a batch through the network, dense and pruned interleaved: each on the faster executor, or on the one asked for. */
export type Speed = {
  /** Time of the dense network, as fast as it can be had here, in ms: the mean of the middle half of its samples. */
  dense_ms: number;
  /** Time of the pruned network, in ms, likewise. */
  pruned_ms: number;
  /** dense / pruned. */
  ratio: number;
  /** Lower end of its 95% interval. */
  low: number;
  /** Upper end of its 95% interval. */
  high: number;
  /** Pairs of samples. */
  samples: number;
  /** Images of a batch. */
  batch: number;
  /** Threads that shared a run of the pruned network: of the numbers allowed, the fastest. */
  threads: number;
  /** Threads that shared a run of the dense network. */
  dense_threads: number;
  /** What ran the pruned network: `cpu` or `gpu`. */
  executor: string;
  /** What ran the dense network. */
  dense_executor: string;
  /** Both executors, the processor first; the GPU only where there is one and it was tried. */
  by_executor: Array<ExecutorSpeed>;
  /** The batch from which the GPU was measured to be faster with the pruned network, if one was looked for and found. */
  passes_at?: number;
  /** Why the ratio is not to be believed, where it stayed beyond what the arithmetic explains when measured again. */
  doubt?: string;
};

/** Time of a batch on one executor, from examples in memory to answers in memory. */
export type ExecutorSpeed = {
  /** `cpu` or `gpu`. */
  executor: string;
  /** Time of the dense network, in ms. */
  dense_ms: number;
  /** Time of the pruned network, in ms. */
  pruned_ms: number;
  /** dense / pruned. */
  ratio: number;
  /** Lower end of its 95% interval. */
  low: number;
  /** Upper end of its 95% interval. */
  high: number;
  /** Pairs of samples; few where the executor is far behind. */
  samples: number;
  /** Time of the pruned network on the processor over that on this executor. */
  gain: number;
  /** Lower end of its 95% interval. */
  gain_low: number;
  /** Upper end of its 95% interval. */
  gain_high: number;
  /** Time from the lowered network to its first answers, in ms: packing or upload, kernels, one run. 0 where one
 * executor only was tried. */
  cold_ms: number;
  /** Dispatches of a run; 0 on the processor. */
  dispatches: number;
  /** Time of a run that the GPU spends in kernels, by its own clock, in ms; where it tells. */
  kernels_ms?: number;
};

/** One layer. */
export type LayerRow = {
  /** Name. */
  name: string;
  /** Shape of the weight that is left. */
  shape: Array<number>;
  /** Share of its weights that is cut. */
  sparsity: number;
  /** Weights kept. */
  kept: number;
  /** Weights it had. */
  total: number;
  /** Kernel it runs on. */
  kernel: string;
  /** Why, in words. */
  why: string;
  /** Time of the dense layer, in µs. */
  dense_us: number;
  /** Time of the pruned layer, in µs. */
  pruned_us: number;
  /** Every kernel that was tried. */
  candidates: Array<Candidate>;
};

/** A kernel that was tried. */
export type Candidate = {
  /** Name of the kernel. */
  kernel: string;
  /** Microseconds a run; predicted ones are relative. */
  us: number;
  /** Bytes of the packed weights. */
  bytes: number;
};

/** Where something was measured. */
export type Environment = {
  /** Version of this crate. */
  version: string;
  /** Instruction set: `wasm32 simd128`, `x86_64 avx2`. */
  target: string;
  /** Whether vectors are used. */
  simd: boolean;
  /** Whether fused multiply-adds are used. */
  relaxed_simd: boolean;
  /** Threads that runs could share: those asked for, as far as there are as many. */
  threads: number;
  /** Threads that could be had here. */
  cores: number;
  /** Step of the clock, in µs. */
  timer_step_us: number;
  /** Whether the page is cross-origin isolated. */
  isolated: boolean;
  /** The browser's name for itself. */
  user_agent: string;
  /** What ran the pruned network when it was measured: `cpu` or `gpu`. */
  executor?: string;
  /** The GPU's name for itself, where there is one. */
  gpu?: string;
  /** What a GPU took part in: `timing`, `answers`, `calibration`, `training`. What it computes is not the same bits everywhere. */
  gpu_took_part?: Array<string>;
};

/** One class. */
export type ClassRow = {
  /** Name of the class. */
  label: string;
  /** Test images of it. */
  n: number;
  /** Share right before; none where there is no image of the class. */
  before: number | null;
  /** Share right after; none where there is no image of the class. */
  after: number | null;
};

/** A test image whose answer changed. */
export type Changed = {
  /** Number of the image. */
  index: number;
  /** Right class. */
  label: number;
  /** Answer before. */
  before: number;
  /** Answer after. */
  after: number;
};

/** Answers that changed, counted. */
export type ChangedCounts = {
  /** Right before, wrong after. */
  lost: number;
  /** Wrong before, right after. */
  gained: number;
  /** Wrong in another way. */
  other: number;
};

/** A point of the training curve. */
export type TrainPoint = {
  /** Training step, counted over the whole run. */
  step: number;
  /** Loss of the batch. */
  loss: number;
  /** Share of right answers in the batch. */
  accuracy: number;
};

/** How often numbers occurred at a training step. */
export type Shown = {
  /** The step, counted over the whole run. */
  step: number;
  /** The counts. */
  histogram: Histogram;
};

/** How often numbers of a kind occur. */
export type Histogram = {
  /** What they are. */
  what: string;
  /** Largest of them; the smallest that is counted is 0. */
  top: number;
  /** Counts in equal bins from 0 to the largest. */
  counts: Array<number>;
};

/** What a search found. */
export type Found = {
  /** Share of each layer that is cut, as `allocation.shares` takes them: with these in place of the search the same weights come
 * out anywhere. */
  shares: string;
  /** What was tried on the way. */
  trials: Array<TrialRow>;
};

/** A trial of a search. */
export type TrialRow = {
  /** Share of each layer. */
  shares: string;
  /** Times faster than dense. */
  ratio: number;
  /** Lower end of the interval. */
  low: number;
  /** Upper end. */
  high: number;
};

/** How well networks say which character comes next. */
export type TextResult = {
  /** Bits per character of the test text: the mean of -log2 p. Of the network as it was. */
  bits_before: number;
  /** Of the pruned network. */
  bits_after: number;
  /** What both write. */
  written?: Written;
};

/** How two networks go on from the same start, with the same chances. */
export type Written = {
  /** The test text's first characters. */
  start: string;
  /** What the network as it was writes. */
  before: string;
  /** What the pruned one writes. */
  after: string;
};

/** What single test images took of a network of which each runs a part. */
export type PerImage = {
  /** How many different images were run. */
  images: number;
  /** Multiply-adds of an image, as the compiled network counted them while it ran. */
  macs: Spread;
  /** Milliseconds of an image; what the machine adds is in the deviation too. */
  ms: Spread;
};

/** Mean and sample standard deviation. */
export type Spread = {
  /** The mean. */
  mean: number;
  /** The standard deviation. */
  deviation: number;
};

/** A finished survey. */
export type Survey = {
  /** All points. */
  rows: Array<SurveyRow>;
  /** Multiply-adds that one thread can do at best, in 10⁹ floating-point operations a second. */
  peak_gflops: number;
  /** Step of the clock, in µs. */
  timer_step_us: number;
  /** Threads used. */
  threads: number;
  /** Whether multiply-adds are fused. */
  relaxed_simd: boolean;
  /** The GPU's name for itself, if there is one. */
  gpu?: string;
  /** Instruction set. */
  simd: string;
  /** Whether the page is isolated. */
  isolated: boolean;
  /** How long it took. */
  seconds: number;
};

/** One measured point. */
export type SurveyRow = {
  /** What ran it: `cpu` or `gpu`. */
  executor: string;
  /** Id of the layer. */
  layer: string;
  /** The layer, for people. */
  layer_name: string;
  /** What is cut, for people. */
  series: string;
  /** Share of the weights that is cut. */
  sparsity: number;
  /** Time of the best form for what is left, in µs. */
  us: number;
  /** Time of the fastest dense form, in µs. */
  dense_us: number;
  /** dense / sparse. */
  ratio: number;
  /** Lower end of its 95% interval. */
  low: number;
  /** Upper end of its 95% interval. */
  high: number;
  /** Name of the form. */
  kernel: string;
  /** Output pixels. */
  pixels: number;
  /** Weights of the dense layer. */
  weights: number;
};
