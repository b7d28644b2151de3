//! Floor 3: from a graph and its zeros to a plan that runs fast.
//!
//! Three passes. [`lower`] folds batch norms, activations and residual sums into the layers before them and turns the rest
//! into a short program. [`placing`] gives every value a flat layout, so that neighbours read each other's output where it
//! lies. Each layer is packed in all the [`forms`] that fit; [`choose`] measures them on this machine and keeps the fastest,
//! with the others' times as the reason why. [`exec`] runs the result.

mod boosted;
pub mod buffer;
pub mod choose;
pub mod exec;
pub mod forms;
pub mod lower;
pub mod memory;
pub mod place;
mod placing;
pub mod quant;
pub mod quantize;
mod step;
pub mod task;

use crate::base::{Result, Tensor};
use crate::graph::{Graph, Masks, ValueId, boosted as boosts};

pub use choose::{Candidate, Choose, Why};
pub use exec::{Plan, Timing};
pub use quant::Ranges;

/// How a weight's zeros are arranged, as far as kernels care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupRule {
    /// The weight.
    pub weight: ValueId,
    /// Weights kept of a group.
    pub n: usize,
    /// Size of a group.
    pub m: usize,
}

/// What a graph is compiled for.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Examples of a run.
    pub batch: usize,
    /// Threads that may share a run; see [`crate::base::team::hire`].
    pub threads: usize,
    /// N:M rules, which open the N:M kernel to their weights.
    pub rules: &'a [GroupRule],
    /// Ranges of all values, for a plan on bytes; see [`observe`].
    pub ranges: Option<&'a Ranges>,
    /// How kernels are chosen.
    pub choose: Choose,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { batch: 1, threads: 1, rules: &[], ranges: None, choose: Choose::Measure }
    }
}

/// Compiles a graph. What is masked counts as zero.
///
/// # Errors
/// When an operator does not take its inputs.
pub fn compile(graph: &Graph, masks: &Masks, options: &Options) -> Result<Plan> {
    exec::build(placed(graph, masks, options, portion(graph, options.batch))?, options)
}

/// Lowers and places a graph for a batch that goes through it at once, for another executor than [`Plan`].
///
/// # Errors
/// When an operator does not take its inputs.
pub fn program(graph: &Graph, masks: &Masks, options: &Options) -> Result<task::Placed> {
    placed(graph, masks, options, options.batch)
}

fn placed(graph: &Graph, masks: &Masks, options: &Options, portion: usize) -> Result<task::Placed> {
    let mut graph = graph.clone();
    masks.apply(&mut graph)?;
    placing::place(lower::lower(&graph, options.rules, portion)?, options.ranges)
}

/// Bytes of what a layer reads and writes that one core's caches are taken to hold.
const CACHE: usize = 512 << 10;

/// Examples of a batch that go through the network together: as many as caches hold between two layers. More would only
/// spread the taps of a tile over more memory. The same for any number of threads, or their answers would differ in bits.
fn portion(graph: &Graph, batch: usize) -> usize {
    // Each image has channels of its own.
    if boosts::boosts(graph).next().is_some() {
        return 1;
    }
    let numbers =
        |id: &ValueId| graph.values[*id].data.is_none().then(|| graph.values[*id].shape.iter().product::<usize>());
    let touched = |node: &crate::graph::Node| node.ins.iter().chain([&node.out]).filter_map(numbers).sum::<usize>();
    let most = graph.nodes.iter().map(touched).max().unwrap_or(0);
    let fit = CACHE / (4 * most).max(1);
    (1..=batch.min(fit.max(1))).rev().find(|n| batch.is_multiple_of(*n)).unwrap_or(1)
}

/// The ranges of all values over calibration examples, which a plan on bytes is made for: run in batches of up to `batch`.
///
/// # Errors
/// When the examples do not fit.
pub fn observe(graph: &Graph, masks: &Masks, x: &Tensor, batch: usize) -> Result<Ranges> {
    let batch = batch.clamp(1, x.shape()[0].max(1));
    compile(graph, masks, &Options { batch, choose: Choose::Predict, ..Options::default() })?.observe(x)
}

/// Answers of a plan to any number of examples, batch by batch; the last batch is filled up with zeros.
///
/// # Errors
/// When the examples do not fit.
pub fn answers(plan: &mut Plan, x: &Tensor) -> Result<Tensor> {
    plan.answers(x)
}
