//! Phases: a recipe spelled out before anything runs. Shown as a timeline and stored with the result.

use serde::Serialize;

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
        event.then(|| cubic_share(step as f32, 0.0, self.end as f32, 0.0, self.sparsity))
    }
}

/// The share cut after a round of several, numbered from 1: what is left shrinks by the same factor each time.
pub fn geometric_share(round: usize, rounds: usize, to: f32) -> f32 {
    if round >= rounds { to } else { 1.0 - libm::powf(1.0 - to, round as f32 / rounds as f32) }
}

/// The share cut at time t of a ramp from `from` at `start` to `to` at `end`.
pub fn cubic_share(t: f32, start: f32, end: f32, from: f32, to: f32) -> f32 {
    let left = 1.0 - ((t - start) / (end - start).max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
    to + (from - to) * left * left * left
}

impl Phase {
    /// What it trains, if it trains what is left.
    pub fn training(&mut self) -> Option<&mut Train> {
        if let Self::Train(train) = self { Some(train) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cubic_by_hand() {
        let at = |t: f32| cubic_share(t, 10.0, 110.0, 0.0, 0.8);
        assert_eq!((at(0.0), at(10.0), at(60.0), at(200.0)), (0.0, 0.0, 0.7, 0.8));
    }
}
