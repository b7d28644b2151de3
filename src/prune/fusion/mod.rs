//! Fusion: what else makes a pruned network smaller. It comes last, and accuracy is counted after it.

mod kmeans;
mod none;

use crate::base::part::{Args, Part};

use super::facts::Facts;

/// What is done to the weights that are kept.
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
}

/// All fusions.
pub static ALL: &[&dyn Fusion] = &[&none::Part, &kmeans::Part];
