//! Runtime: what each image switches off while the network runs. It cuts no weight and takes the place of the cut.

mod fbs;
mod none;

use std::rc::Rc;

use crate::base::Result;
use crate::base::part::{Args, Part};
use crate::graph::Graph;
use crate::train::hook::Hook;

use super::facts::Facts;

/// A rule that chooses for each image what runs.
pub trait Runtime: Part {
    /// Why it does not go with the other parts of a recipe.
    fn clash(&self, _: &Args, _: &Facts) -> Option<String> {
        None
    }

    /// Whether a network has what it chooses from.
    ///
    /// # Errors
    /// When it has not.
    fn ask(&self, graph: &Graph) -> Result<()> {
        let _ = graph;
        Ok(())
    }

    /// The share of each layer's channels that run for an image, if they are chosen.
    fn density(&self, args: &Args) -> Option<f64> {
        let _ = args;
        None
    }

    /// What it does inside the training, if anything.
    fn hook(&self, args: &Args) -> Option<Rc<dyn Hook>> {
        let _ = args;
        None
    }
}

/// All rules.
pub static ALL: &[&dyn Runtime] = &[&none::Part, &fbs::Part];
