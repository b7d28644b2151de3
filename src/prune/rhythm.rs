//! Rhythms: when a run cuts, and how much is cut by then. Schedules give one, and [`super::expand`] makes phases of it.

/// When a run cuts.
#[derive(Clone, Debug, PartialEq)]
pub enum Rhythm {
    /// One event a round, with the recovery after each: the share cut by the end of each round.
    Rounds(Vec<f32>),
    /// Events between the steps of one training.
    During(Ramp),
}

/// Pruning between training steps, by and by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ramp {
    /// Steps between events.
    pub every: usize,
    /// Share of the training after which nothing more is cut.
    pub end: f32,
    /// Share cut after the last event.
    pub sparsity: f32,
    /// How it gets there.
    pub shape: RampShape,
}

/// The share cut by a time t from 0 to 1 of a ramp to s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RampShape {
    /// s - s (1 - t)³: fast at first, slow at the end.
    Cubic,
}

impl Ramp {
    /// Step of the last event in a training of so many steps: never the last step, so that what is left is trained at least once.
    pub fn last(&self, steps: usize) -> usize {
        ((steps as f32 * self.end) as usize).clamp(1, steps.max(1) - usize::from(steps > 1))
    }

    /// The share to be cut before a step of a training of so many, where there is an event.
    pub fn at(&self, step: usize, steps: usize) -> Option<f32> {
        let last = self.last(steps);
        let event = step <= last && (step.is_multiple_of(self.every) || step == last);
        event.then(|| self.shape.share(step as f32, 0.0, last as f32, 0.0, self.sparsity))
    }
}

impl RampShape {
    /// The share cut at time t of a ramp from `from` at `start` to `to` at `end`.
    pub fn share(self, t: f32, start: f32, end: f32, from: f32, to: f32) -> f32 {
        let left = 1.0 - ((t - start) / (end - start).max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
        match self {
            Self::Cubic => to + (from - to) * left * left * left,
        }
    }
}

/// The share cut after a round of several, numbered from 1: what is left shrinks by the same factor each time.
pub fn geometric_share(round: usize, rounds: usize, to: f32) -> f32 {
    if round >= rounds { to } else { 1.0 - libm::powf(1.0 - to, round as f32 / rounds as f32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cubic_by_hand() {
        let at = |t: f32| RampShape::Cubic.share(t, 10.0, 110.0, 0.0, 0.8);
        assert_eq!((at(0.0), at(10.0), at(60.0), at(200.0)), (0.0, 0.0, 0.7, 0.8));
    }

    #[test]
    fn a_ramp_ends_before_its_training_does() {
        let ramp = Ramp { every: 10, end: 1.0, sparsity: 0.9, shape: RampShape::Cubic };
        for steps in [1, 2, 7, 40] {
            let cuts: Vec<usize> = (0..steps).filter(|&step| ramp.at(step, steps).is_some()).collect();
            assert!(steps == 1 || cuts.last() == Some(&(steps - 1)), "{steps}: {cuts:?}");
        }
        assert_eq!((ramp.at(39, 40), ramp.at(5, 40)), (Some(0.9), None));
    }
}
