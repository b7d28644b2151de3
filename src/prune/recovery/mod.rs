//! Recoveries: what happens after an event.

mod bn_recalibrate;
mod distil;
mod fine_tune;
mod none;
mod rewind;

use crate::base::part::{Args, Param, ParamKind, Part};

use super::facts::Facts;

/// Retraining steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Retraining {
    /// Number of steps.
    pub steps: usize,
    /// Highest learning rate.
    pub rate: f32,
    /// Weight and temperature of the unpruned network as a teacher.
    pub distil: Option<(f32, f32)>,
}

/// What happens after each event, in this order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct After {
    /// Survivors go back to earlier weights.
    pub rewind: Option<Back>,
    /// Batch norms take their statistics anew, from so many batches.
    pub recalibrate: Option<usize>,
    /// What is left is trained.
    pub train: Option<Retraining>,
}

/// Which weights survivors go back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    /// Those that the network was drawn with.
    Start,
    /// Those after so many steps of a first training.
    Step(usize),
}

/// A rule for what follows a cut.
pub trait Recovery: Part {
    /// Why it does not go with the other parts of a recipe.
    fn clash(&self, _: &Args, with: &Facts) -> Option<String> {
        let schedule = with.names.schedule;
        if with.needs_training && !with.trains {
            return Some(format!("{schedule} prunes between training steps, and this recovery does not train"));
        }
        (with.untrained && with.rewinds)
            .then(|| format!("{schedule} starts from the initial weights already: there is nothing to rewind"))
    }

    /// What happens after each event.
    fn after(&self, args: &Args) -> After;
}

/// All recoveries.
pub static ALL: &[&dyn Recovery] =
    &[&none::Part, &fine_tune::Part, &rewind::Part, &distil::Part, &bn_recalibrate::Part];

pub(super) const STEPS: Param = Param {
    key: "steps",
    label: "Retraining steps",
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
fn train(args: &Args) -> Retraining {
    Retraining { steps: args.int(&STEPS), rate: args.float(&RATE), distil: None }
}
