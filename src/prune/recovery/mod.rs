//! Recoveries: what happens after an event.

mod bn_recalibrate;
mod distil;
mod fine_tune;
mod none;
mod rewind;

use crate::base::part::{Args, Param, ParamKind, Part};

use super::phase::{Phase, Train};

/// A rule for what follows a cut.
pub trait Recovery: Part {
    /// The phases after each event.
    fn after(&self, args: &Args) -> Vec<Phase>;

    /// Whether it trains.
    fn trains(&self) -> bool {
        false
    }

    /// The step of a first training whose weights it goes back to, where that is not the very beginning.
    fn early(&self, args: &Args) -> Option<usize> {
        let _ = args;
        None
    }

    /// Whether it goes back to earlier weights.
    fn rewinds(&self) -> bool {
        false
    }
}

/// All recoveries.
pub static ALL: &[&dyn Recovery] =
    &[&none::Part, &fine_tune::Part, &rewind::Part, &distil::Part, &bn_recalibrate::Part];

pub(super) const STEPS: Param = Param {
    key: "steps",
    label: "Training steps",
    what: "Steps of training after each cut, 64 images each.",
    kind: ParamKind::Int { default: 100, min: 1, max: 20_000 },
};
pub(super) const RATE: Param = Param {
    key: "lr",
    label: "Learning rate",
    what: "Highest learning rate; it warms up and then falls along a cosine.",
    kind: ParamKind::Float { default: 0.02, min: 0.000_1, max: 1.0, log: true },
};

/// Plain training as the args say.
fn train(args: &Args) -> Train {
    Train { steps: args.int(&STEPS), rate: args.float(&RATE), distil: None, ramp: None, stop: None }
}
