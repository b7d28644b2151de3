//! Allocations: how much of each layer stays.

mod erk;
pub mod given;
mod global;
mod lamp;
mod layer;
mod macs;

use crate::base::part::{Args, Part};
use crate::base::{Result, order};

use super::facts::Facts;

pub use lamp::normalise as lamp_scores;

/// A target with the scores of its units; minus infinity stands for what an earlier event cut.
#[derive(Clone, Debug)]
pub struct Scored {
    /// Name of the layer.
    pub name: String,
    /// By unit; higher is kept.
    pub scores: Vec<f32>,
    /// Shape of the weight, or of the first weight of a group of channels.
    pub shape: Vec<usize>,
    /// Multiply-adds of the layer, dense.
    pub macs: u64,
    /// Weights of the layer.
    pub weights: usize,
}

impl Scored {
    /// Units that no earlier event cut.
    pub fn alive(&self) -> usize {
        self.scores.iter().filter(|score| **score != f32::NEG_INFINITY).count()
    }
}

/// A rule that shares out a sparsity.
pub trait Allocation: Part {
    /// Units to keep of each target.
    ///
    /// # Errors
    /// When a target is not of a kind the rule knows.
    fn keep(&self, targets: &[Scored], sparsity: f32, args: &Args) -> Result<Vec<usize>>;

    /// Why it does not go with the other parts of a recipe.
    fn clash(&self, _: &Args, with: &Facts) -> Option<String> {
        let (own, pattern) = (self.meta().name, with.names.pattern);
        if with.own_share && !self.uniform() {
            return Some(format!("{pattern} cuts the same share everywhere: it goes with Layer"));
        }
        (self.weights_only() && with.channelwise)
            .then(|| format!("{own} ranks single weights, and {pattern} cuts channels"))
    }

    /// Whether it cuts the same share of every layer.
    fn uniform(&self) -> bool {
        false
    }

    /// Whether the sparsity is a share of the multiply-adds, and not of the units.
    fn counts_macs(&self) -> bool {
        false
    }

    /// Whether it only makes sense for single weights.
    fn weights_only(&self) -> bool {
        false
    }
}

/// All allocations.
pub static ALL: &[&dyn Allocation] = &[&layer::Part, &global::Part, &erk::Part, &lamp::Part, &macs::Part, &given::Part];

/// Units that are cut of `n` at a sparsity: rounded to nearest, half to even.
pub fn cut(n: usize, sparsity: f32) -> usize {
    (n as f64 * f64::from(sparsity)).round_ties_even() as usize
}

/// Cuts the units of lowest score over all targets until their cost reaches a share of the total; gives what is kept.
///
/// Among equal scores the last unit of the last target is cut first, as in selection.
pub fn rank(targets: &[Scored], scores: &[Vec<f32>], cost: &dyn Fn(&Scored) -> f64, sparsity: f32) -> Vec<usize> {
    let owner: Vec<u32> = scores.iter().zip(0..).flat_map(|(s, t)| std::iter::repeat_n(t, s.len())).collect();
    let all: Vec<f32> = scores.concat();
    let costs: Vec<f64> = targets.iter().map(cost).collect();
    let total: f64 = targets.iter().zip(&costs).map(|(t, c)| c * t.scores.len() as f64).sum();
    let goal = total * f64::from(sparsity);
    let mut keep: Vec<usize> = targets.iter().map(|t| t.scores.len()).collect();
    let mut spent = 0.0;
    for unit in order::falling(&all).into_iter().rev() {
        let t = owner[unit] as usize;
        // Half a unit over is as good as half a unit under: this is rounding to nearest.
        if spent + 0.5 * costs[t] > goal * (1.0 + 1e-12) {
            break;
        }
        spent += costs[t];
        keep[t] -= 1;
    }
    keep
}
