//! Fusion: what makes a network smaller besides a cut, or in its place. Accuracy is counted after it.

mod kmeans;
mod low_rank;
mod none;

use std::rc::Rc;

use crate::base::part::{Args, Part};
use crate::train::hook::Hook;

use super::facts::Facts;
use super::recovery::Retraining;

/// What is done to the weights that are kept, or to whole layers.
pub trait Fusion: Part {
    /// Why it does not go with the other parts of a recipe.
    fn clash(&self, _: &Args, _: &Facts) -> Option<String> {
        None
    }

    /// How many numbers the kept weights of a layer share, if they do.
    fn centroids(&self, args: &Args) -> Option<usize> {
        let _ = args;
        None
    }

    /// The training of the shared numbers once they are found, with what keeps them shared, if there is one.
    fn training(&self, args: &Args) -> Option<(Retraining, Rc<dyn Hook>)> {
        let _ = args;
        None
    }

    /// The share of its energy that each layer keeps as two thinner ones, if it becomes such. It takes the place of a cut.
    fn energy(&self, args: &Args) -> Option<f64> {
        let _ = args;
        None
    }
}

/// All fusions.
pub static ALL: &[&dyn Fusion] = &[&none::Part, &kmeans::Part, &low_rank::Part];
