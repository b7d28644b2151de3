//! Floor 3: from a graph and its zeros to a plan that runs fast.
//!
//! Three passes. [`lower`] folds batch norms, activations and residual sums into the layers before them and turns the rest
//! into a short program. [`place`] gives every value a flat layout, so that neighbours read each other's output where it
//! lies. [`choose`] packs each layer in every form that fits, measures them on this machine and keeps the fastest, with the
//! others' times as the reason why. [`exec`] runs the result.

pub mod choose;
pub mod exec;
pub mod lower;
mod place;

use crate::base::{Result, Tensor};
use crate::graph::{Graph, Masks, ValueId};

pub use choose::{Candidate, Choose, Why};
pub use exec::{Plan, Timing};

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

/// Compiles a graph for a batch size. What is masked counts as zero; N:M rules open the N:M kernel to their weights.
///
/// # Errors
/// When an operator does not take its inputs.
pub fn compile(graph: &Graph, masks: &Masks, rules: &[GroupRule], batch: usize, how: Choose) -> Result<Plan> {
    let mut graph = graph.clone();
    masks.apply(&mut graph)?;
    let program = lower::lower(&graph, rules, batch)?;
    let placed = place::place(program)?;
    exec::build(placed, how)
}

/// Answers of a plan to any number of examples, batch by batch; the last batch is filled up with zeros.
///
/// # Errors
/// When the examples do not fit.
pub fn answers(plan: &mut Plan, x: &Tensor) -> Result<Tensor> {
    plan.answers(x)
}
