//! Rhythms: when a run cuts, and how much is cut by then. Schedules give one, and [`super::expand`] makes phases of it.

use std::f32::consts::PI;

/// When a run cuts.
#[derive(Clone, Debug, PartialEq)]
pub enum Rhythm {
    /// One event a round, with the recovery after each: the share cut by the end of each round.
    Rounds(Vec<f32>),
    /// Events between the steps of one training, by and by.
    Ramp(Ramp),
    /// Phases of one training cut and whole in turn.
    Alternating(Alternation),
}

/// What is due before a training step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Beat {
    /// An event, to a share.
    Cut(f32),
    /// The network is whole again: what was cut starts from zero. The optimizer forgets.
    Whole,
    /// An event to a share, from the whole network. The optimizer forgets.
    CutAnew(f32),
}

impl Rhythm {
    /// What is due before a step of a training of so many.
    pub fn beat(&self, step: usize, steps: usize) -> Option<Beat> {
        match self {
            Self::Rounds(_) => None,
            Self::Ramp(ramp) => ramp.at(step, steps).map(Beat::Cut),
            Self::Alternating(turns) => {
                let was = step.checked_sub(1).is_some_and(|before| turns.is_cut(before, steps));
                match (was, turns.is_cut(step, steps)) {
                    (false, true) => Some(Beat::CutAnew(turns.sparsity)),
                    (true, false) => Some(Beat::Whole),
                    _ => None,
                }
            }
        }
    }

    /// The share that is cut in the end.
    pub fn sparsity(&self) -> Option<f32> {
        match self {
            Self::Rounds(shares) => shares.last().copied(),
            Self::Ramp(ramp) => Some(ramp.sparsity),
            Self::Alternating(turns) => Some(turns.sparsity),
        }
    }
}

/// Phases cut and whole in turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alternation {
    /// Share of the training before the first cut.
    pub warm: f32,
    /// Steps of a phase.
    pub phase: usize,
    /// Share of the training, at its end, in which the network is cut.
    pub last: f32,
    /// Share that is cut.
    pub sparsity: f32,
}

impl Alternation {
    /// Whether a step of a training of so many is one of the cut network.
    pub fn is_cut(&self, step: usize, steps: usize) -> bool {
        let part = |share: f32| (steps as f32 * share).round() as usize;
        is_cut(step, part(self.warm), self.phase, steps.saturating_sub(part(self.last).max(1)))
    }
}

/// Whether a step is one of the cut network: none of the first `warm`, then phases in turn that begin with a cut one, and all from
/// `last` on.
pub fn is_cut(step: usize, warm: usize, phase: usize, last: usize) -> bool {
    step >= last || (step >= warm && ((step - warm) / phase.max(1)).is_multiple_of(2))
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
    /// s t.
    Linear,
    /// 1 - (1 - s)^t: the same share of what is left in equal times.
    Exponential,
    /// s (1 - cos πt) / 2: slow, fast, slow.
    Cosine,
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
            Self::Linear => to + (from - to) * left,
            Self::Exponential => 1.0 - (1.0 - to) * libm::powf((1.0 - from) / (1.0 - to).max(f32::MIN_POSITIVE), left),
            Self::Cosine => to + (from - to) * 0.5 * (1.0 - libm::cosf(PI * left)),
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
    fn every_ramp_rises_to_its_end() {
        for shape in [RampShape::Cubic, RampShape::Linear, RampShape::Exponential, RampShape::Cosine] {
            let at: Vec<f32> = (0..=10).map(|t| shape.share(t as f32, 0.0, 10.0, 0.0, 0.9)).collect();
            assert!(at[0].abs() < 1e-6 && (at[10] - 0.9).abs() < 1e-6, "{shape:?}: {at:?}");
            assert!(at.windows(2).all(|pair| pair[0] < pair[1]), "{shape:?}: {at:?}");
        }
        assert!((RampShape::Exponential.share(1.0, 0.0, 2.0, 0.0, 0.75) - 0.5).abs() < 1e-6);
        assert!((RampShape::Cosine.share(1.0, 0.0, 2.0, 0.0, 0.8) - 0.4).abs() < 1e-6);
    }

    #[test]
    fn phases_take_turns_and_end_cut() {
        let turns = Alternation { warm: 0.1, phase: 4, last: 0.2, sparsity: 0.9 };
        let rhythm = Rhythm::Alternating(turns);
        let due: Vec<(usize, Beat)> = (0..20).filter_map(|step| Some((step, rhythm.beat(step, 20)?))).collect();
        let want = [
            (2, Beat::CutAnew(0.9)),
            (6, Beat::Whole),
            (10, Beat::CutAnew(0.9)),
            (14, Beat::Whole),
            (16, Beat::CutAnew(0.9)),
        ];
        assert_eq!(due, want);
        assert_eq!(rhythm.beat(0, 1), Some(Beat::CutAnew(0.9)), "a training of one step is one of the cut network");
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
