//! Phases: a recipe spelled out before anything runs. Shown as a timeline and stored with the result.

use serde::Serialize;

use super::recipe::Recipe;
use super::training::share_out;

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
    /// The first training steps of the dense network, for survivors to go back to what they give.
    Early(Train),
    /// Survivors back to the weights they were drawn with, or to those of the early steps.
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
    /// The step after which it ends before its time.
    pub stop: Option<usize>,
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

impl Phase {
    /// What it trains, if it trains what is left.
    pub fn training(&mut self) -> Option<&mut Train> {
        if let Self::Train(train) = self { Some(train) } else { None }
    }
}

/// All phases of a recipe with so many training images, in order.
pub fn expand(recipe: &Recipe, images: usize) -> Vec<Phase> {
    let (recovery, training) = (&recipe.recovery, &recipe.training);
    let mut after = recovery.part.after(&recovery.args);
    let spread = |after: &[Phase]| recipe.schedule.part.expand(recipe.sparsity, after, &recipe.schedule.args);
    if let Some(rate) = training.rate {
        after.iter_mut().filter_map(Phase::training).for_each(|train| train.rate = rate);
    }
    if let Some(steps) = training.total(images) {
        // Schedules place their cuts by the steps that there are: each round is told its share before it is spread.
        let rounds = spread(&after).iter_mut().filter_map(Phase::training).count().max(1);
        after.iter_mut().filter_map(Phase::training).for_each(|train| train.steps = (steps / rounds).max(1));
        let mut phases = spread(&after);
        share_out(&mut phases, steps);
        after = phases;
    } else {
        after = spread(&after);
    }
    let first = after.iter_mut().find_map(Phase::training).cloned();
    match (recovery.part.early(&recovery.args), first) {
        (Some(stop), Some(train)) => {
            std::iter::once(Phase::Early(Train { stop: Some(stop), steps: train.steps.max(stop), ..train }))
                .chain(after)
                .collect()
        }
        _ => after,
    }
}
