//! Schedules: when pruning happens, and how much is cut by then.

mod before;
mod cubic;
mod iterative;
mod one_shot;

use crate::base::part::{Args, Part};

use super::facts::Facts;
use super::rhythm::Rhythm;

/// A rule that spreads a goal over time.
pub trait Schedule: Part {
    /// When a run cuts, and how much by then.
    fn rhythm(&self, sparsity: f32, args: &Args) -> Rhythm;

    /// Why it does not go with the other parts of a recipe.
    fn clash(&self, args: &Args, with: &Facts) -> Option<String> {
        let _ = (args, with);
        None
    }

    /// Whether it prunes between training steps or trains what is left.
    fn needs_training(&self) -> bool {
        false
    }

    /// Whether it starts from weights that were never trained.
    fn untrained(&self) -> bool {
        false
    }
}

/// All schedules.
pub static ALL: &[&dyn Schedule] = &[&one_shot::Part, &iterative::Part, &cubic::Part, &before::Part];
