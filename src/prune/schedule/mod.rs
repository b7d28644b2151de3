//! Schedules: when pruning happens, and how much is cut by then.

mod alternating;
mod before;
mod cosine;
mod cubic;
mod exponential;
mod iterative;
mod linear;
mod one_shot;

use crate::base::part::{Args, Param, ParamKind, Part};

use super::facts::Facts;
use super::rhythm::{Ramp, RampShape, Rhythm};

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
pub static ALL: &[&dyn Schedule] = &[
    &one_shot::Part,
    &iterative::Part,
    &cubic::Part,
    &linear::Part,
    &exponential::Part,
    &cosine::Part,
    &alternating::Part,
    &before::Part,
];

pub(super) static EVERY: Param = Param {
    key: "every",
    label: "Every",
    what: "Training steps between two cuts.",
    kind: ParamKind::Int { default: 10, min: 1, max: 500 },
};
pub(super) static END: Param = Param {
    key: "end",
    label: "End",
    what: "Share of the training steps after which nothing more is cut.",
    kind: ParamKind::Float { default: 0.7, min: 0.1, max: 1.0, log: false },
};

/// Cuts between training steps along a shape.
fn ramp(sparsity: f32, shape: RampShape, args: &Args) -> Rhythm {
    Rhythm::Ramp(Ramp { every: args.int(&EVERY), end: args.float(&END), sparsity, shape })
}
