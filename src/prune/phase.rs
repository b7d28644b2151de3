//! Phases: a recipe spelled out before anything runs. Shown as a timeline and stored with the result.

use serde::Serialize;

use super::recipe::Recipe;

/// One phase of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Phase {
    /// Back to the weights as they were drawn, with nothing learned.
    Reinit,
    /// One event: score, allocate, select, mask.
    Prune {
        /// Share cut after it.
        sparsity: f32,
    },
    /// Training steps with the mask held.
    Train(Train),
    /// Survivors back to the weights they were drawn with.
    Rewind,
    /// Running statistics of batch norms taken anew.
    Recalibrate {
        /// Batches that are looked at.
        batches: usize,
    },
}

/// Training steps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Train {
    /// Number of steps.
    pub steps: usize,
    /// Highest learning rate.
    pub rate: f32,
    /// Weight and temperature of the unpruned network as a teacher.
    pub distil: Option<(f32, f32)>,
    /// Pruning between steps.
    pub ramp: Option<Ramp>,
}

/// Pruning between training steps, by and by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ramp {
    /// Steps between events.
    pub every: usize,
    /// Step of the last event.
    pub end: usize,
    /// Share cut after the last event.
    pub sparsity: f32,
}

impl Ramp {
    /// The share to be cut at a step, where there is an event: the cubic of Zhu and Gupta.
    pub fn at(&self, step: usize) -> Option<f32> {
        let event = step <= self.end && (step.is_multiple_of(self.every) || step == self.end);
        event.then(|| super::schedule::cubic_share(step as f32, 0.0, self.end as f32, 0.0, self.sparsity))
    }
}

/// All phases of a recipe, in order.
pub fn expand(recipe: &Recipe) -> Vec<Phase> {
    let after = recipe.recovery.part.after(&recipe.recovery.args);
    recipe.schedule.part.expand(recipe.sparsity, &after, &recipe.schedule.args)
}
