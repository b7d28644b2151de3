//! Penalties: what a training before the first cut presses towards zero.

mod bn_l1;
mod none;

use std::rc::Rc;

use crate::base::Result;
use crate::base::part::{Args, Part};
use crate::graph::Graph;
use crate::train::hook::Hook;

use super::facts::Facts;
use super::recovery::Retraining;

/// A rule that adds to the loss.
pub trait Penalty: Part {
    /// Why it does not go with the other parts of a recipe.
    fn clash(&self, _: &Args, with: &Facts) -> Option<String> {
        let own = self.meta().name;
        (self.presses() && with.untrained)
            .then(|| format!("{own} presses while a network learns, and {} cuts before it does", with.names.schedule))
    }

    /// Whether it adds anything.
    fn presses(&self) -> bool {
        true
    }

    /// Whether a network has what it presses on.
    ///
    /// # Errors
    /// When it has not.
    fn ask(&self, graph: &Graph) -> Result<()> {
        let _ = graph;
        Ok(())
    }

    /// The training that it acts in, before the first cut, with what it does there.
    fn training(&self, args: &Args) -> Option<(Retraining, Rc<dyn Hook>)>;
}

/// All penalties.
pub static ALL: &[&dyn Penalty] = &[&none::Part, &bn_l1::Part];
