//! The record of a run: the same from the page, the command line and the tests. Field names are stable.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::compile::Candidate;
use crate::prune::told::Stage;
use crate::train::hook::Histogram;

/// Everything about a finished run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "RunRecord")]
pub struct Record {
    /// Version of this form.
    pub format: u32,
    /// `baseline` or `run`.
    pub job: String,
    /// The network.
    pub model: String,
    /// The data set.
    pub data: String,
    /// The method, if one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub method: Option<String>,
    /// All settings, completed.
    pub recipe: BTreeMap<String, String>,
    /// Seed of everything random.
    pub seed: u64,
    /// What training came to.
    #[serde(default)]
    #[ts(optional, as = "Option<Training>")]
    pub training: Training,
    /// On the test images.
    pub accuracy: Accuracy,
    /// What is stored.
    pub size: Size,
    /// Multiply-adds with weights for one example.
    pub macs: Macs,
    /// Measured here.
    pub speed: Speed,
    /// Layer by layer.
    pub layers: Vec<LayerRow>,
    /// Where it was measured.
    pub environment: Environment,
    /// Of the bits of all parameters.
    pub digest: String,
    /// The same of the weights that were cut: runs of other weights are not to be set beside these. Empty in records of old.
    #[serde(default)]
    #[ts(optional, as = "Option<String>")]
    pub source: String,
    /// The result in words.
    pub verdict: String,
    /// What else should be known: collapsed layers, why it is not faster.
    pub notes: Vec<String>,
    /// Class by class.
    pub classes: Vec<ClassRow>,
    /// Test images whose answer changed, at most 64.
    pub changed: Vec<Changed>,
    /// How many answers changed in all.
    pub changed_total: usize,
    /// The same by what became of them.
    #[serde(default)]
    #[ts(optional, as = "Option<ChangedCounts>")]
    pub changed_counts: ChangedCounts,
    /// What was done.
    pub timeline: Vec<Stage>,
    /// Loss and accuracy while training.
    pub curve: Vec<Point>,
    /// Numbers that the training shaped, four times in its course, where it shaped any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<Shown>,
    /// What a search tried, and what it settled on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub search: Option<Found>,
    /// What a network of characters came to, besides accuracy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub text: Option<TextResult>,
    /// What single images took, where each runs a part of the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub per_image: Option<PerImage>,
    /// How long it took.
    pub seconds: f64,
}

/// How well networks say which character comes next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct TextResult {
    /// Bits per character of the test text: the mean of -log2 p. Of the network as it was.
    pub bits_before: f64,
    /// Of the pruned network.
    pub bits_after: f64,
    /// What both write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub written: Option<Written>,
}

/// How two networks go on from the same start, with the same chances.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Written {
    /// The test text's first characters.
    pub start: String,
    /// What the network as it was writes.
    pub before: String,
    /// What the pruned one writes.
    pub after: String,
}

/// What single test images took of a network of which each runs a part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct PerImage {
    /// How many different images were run.
    pub images: usize,
    /// Multiply-adds of an image, as the compiled network counted them while it ran.
    pub macs: Spread,
    /// Milliseconds of an image; what the machine adds is in the deviation too.
    pub ms: Spread,
}

/// Mean and sample standard deviation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub deviation: f64,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Found {
    /// Share of each layer that is cut, as `allocation.shares` takes them: with these in place of the search the same weights come
    /// out anywhere.
    pub shares: String,
    /// What was tried on the way.
    pub trials: Vec<TrialRow>,
}

/// A trial of a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct TrialRow {
    /// Share of each layer.
    pub shares: String,
    /// Times faster than dense.
    pub ratio: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How often numbers occurred at a training step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Shown {
    /// The step, counted over the whole run.
    pub step: usize,
    /// The counts.
    pub histogram: Histogram,
}

/// The training of a run, as it was done: equal terms are seen here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Training {
    /// Steps in all; 0 where nothing was trained.
    pub steps: usize,
    /// Images that were trained on, held-out ones left aside.
    pub images: usize,
    /// Images of a step.
    pub batch: usize,
    /// Highest learning rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub lr: Option<f32>,
    /// `sgd`, `adam` or `adamw`.
    pub optimizer: String,
    /// Of SGD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub momentum: Option<f32>,
    /// Weight decay.
    pub decay: f32,
    /// Whether images were varied.
    pub augment: bool,
}

/// Shares of right answers on test images, with Wilson's 95% intervals. Not a number, which JSON writes as null, where there are no images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Accuracy {
    /// Of the network as it was.
    #[ts(as = "Option<f64>")]
    pub before: f64,
    /// Of the pruned network.
    #[ts(as = "Option<f64>")]
    pub after: f64,
    /// Lower end of the interval of `after`.
    #[ts(as = "Option<f64>")]
    pub low: f64,
    /// Upper end of the interval of `after`.
    #[ts(as = "Option<f64>")]
    pub high: f64,
    /// Of the pruned network in floats, where it runs on bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub float: Option<f64>,
    /// Test images.
    pub n: usize,
    /// Lower end of the interval of `before`.
    #[ts(as = "Option<f64>")]
    pub before_low: f64,
    /// Upper end of the interval of `before`.
    #[ts(as = "Option<f64>")]
    pub before_high: f64,
    /// Among the five likeliest, before.
    #[ts(as = "Option<f64>")]
    pub top5_before: f64,
    /// Among the five likeliest, after.
    #[ts(as = "Option<f64>")]
    pub top5_after: f64,
}

/// What is stored.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Size {
    /// Trained numbers of the dense network.
    pub parameters: usize,
    /// Trained numbers that are left: those of the file that are not zero.
    pub nonzero: usize,
    /// Length of the plain safetensors file of the dense network.
    pub bytes_dense: usize,
    /// Length of the compact file of the pruned one.
    pub bytes_stored: usize,
}

impl Size {
    /// Share of the parameters that is gone; none where a network has gained some.
    pub fn gone(&self) -> f64 {
        (1.0 - self.nonzero as f64 / self.parameters.max(1) as f64).max(0.0)
    }
}

/// Multiply-adds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Macs {
    /// Of the dense network.
    pub dense: u64,
    /// Of the pruned one; where images run different parts of it, the mean of what they took.
    pub pruned: u64,
}

/// Time of a batch through the network, dense and pruned interleaved: each on the faster executor, or on the one asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Speed {
    /// Time of the dense network, as fast as it can be had here, in ms: the mean of the middle half of its samples.
    pub dense_ms: f64,
    /// Time of the pruned network, in ms, likewise.
    pub pruned_ms: f64,
    /// dense / pruned.
    pub ratio: f64,
    /// Lower end of its 95% interval.
    pub low: f64,
    /// Upper end of its 95% interval.
    pub high: f64,
    /// Pairs of samples.
    pub samples: usize,
    /// Images of a batch.
    pub batch: usize,
    /// Threads that shared a run of the pruned network: of the numbers allowed, the fastest.
    pub threads: usize,
    /// Threads that shared a run of the dense network.
    pub dense_threads: usize,
    /// What ran the pruned network: `cpu` or `gpu`.
    pub executor: String,
    /// What ran the dense network.
    pub dense_executor: String,
    /// Both executors, the processor first; the GPU only where there is one and it was tried.
    pub by_executor: Vec<ExecutorSpeed>,
    /// The batch from which the GPU was measured to be faster with the pruned network, if one was looked for and found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub passes_at: Option<usize>,
    /// Why the ratio is not to be believed, where it stayed beyond what the arithmetic explains when measured again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub doubt: Option<String>,
}

/// Time of a batch on one executor, from examples in memory to answers in memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct ExecutorSpeed {
    /// `cpu` or `gpu`.
    pub executor: String,
    /// Time of the dense network, in ms.
    pub dense_ms: f64,
    /// Time of the pruned network, in ms.
    pub pruned_ms: f64,
    /// dense / pruned.
    pub ratio: f64,
    /// Lower end of its 95% interval.
    pub low: f64,
    /// Upper end of its 95% interval.
    pub high: f64,
    /// Pairs of samples; few where the executor is far behind.
    pub samples: usize,
    /// Time of the pruned network on the processor over that on this executor.
    pub gain: f64,
    /// Lower end of its 95% interval.
    pub gain_low: f64,
    /// Upper end of its 95% interval.
    pub gain_high: f64,
    /// Time from the lowered network to its first answers, in ms: packing or upload, kernels, one run. 0 where one
    /// executor only was tried.
    pub cold_ms: f64,
    /// Dispatches of a run; 0 on the processor.
    pub dispatches: usize,
    /// Time of a run that the GPU spends in kernels, by its own clock, in ms; where it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub kernels_ms: Option<f64>,
}

/// One layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct LayerRow {
    /// Name.
    pub name: String,
    /// Shape of the weight that is left.
    pub shape: Vec<usize>,
    /// Share of its weights that is cut.
    pub sparsity: f64,
    /// Weights kept.
    pub kept: usize,
    /// Weights it had.
    pub total: usize,
    /// Kernel it runs on.
    pub kernel: String,
    /// Why, in words.
    pub why: String,
    /// Time of the dense layer, in µs.
    pub dense_us: f64,
    /// Time of the pruned layer, in µs.
    pub pruned_us: f64,
    /// Every kernel that was tried.
    pub candidates: Vec<Candidate>,
}

/// Where something was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Environment {
    /// Version of this crate.
    pub version: String,
    /// Instruction set: `wasm32 simd128`, `x86_64 avx2`.
    pub target: String,
    /// Whether vectors are used.
    pub simd: bool,
    /// Whether fused multiply-adds are used.
    pub relaxed_simd: bool,
    /// Threads that runs could share: those asked for, as far as there are as many.
    pub threads: usize,
    /// Threads that could be had here.
    pub cores: usize,
    /// Step of the clock, in µs.
    pub timer_step_us: f64,
    /// Whether the page is cross-origin isolated.
    pub isolated: bool,
    /// The browser's name for itself.
    pub user_agent: String,
    /// What ran the pruned network when it was measured: `cpu` or `gpu`.
    #[serde(default)]
    #[ts(optional, as = "Option<String>")]
    pub executor: String,
    /// The GPU's name for itself, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub gpu: Option<String>,
    /// What a GPU took part in: `timing`, `answers`, `calibration`, `training`. What it computes is not the same bits everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gpu_took_part: Vec<String>,
}

/// One class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ClassRow {
    /// Name of the class.
    pub label: String,
    /// Test images of it.
    pub n: usize,
    /// Share right before; none where there is no image of the class.
    pub before: Option<f64>,
    /// Share right after; none where there is no image of the class.
    pub after: Option<f64>,
}

/// A test image whose answer changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Changed {
    /// Number of the image.
    pub index: usize,
    /// Right class.
    pub label: usize,
    /// Answer before.
    pub before: usize,
    /// Answer after.
    pub after: usize,
}

/// Answers that changed, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct ChangedCounts {
    /// Right before, wrong after.
    pub lost: usize,
    /// Wrong before, right after.
    pub gained: usize,
    /// Wrong in another way.
    pub other: usize,
}

/// A point of the training curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "TrainPoint")]
pub struct Point {
    /// Training step, counted over the whole run.
    pub step: usize,
    /// Loss of the batch.
    pub loss: f64,
    /// Share of right answers in the batch.
    pub accuracy: f64,
}
