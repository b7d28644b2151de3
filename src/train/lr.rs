//! Learning rates over a training run.

/// How the rate changes, as a factor of the base rate.
#[derive(Clone, Debug, PartialEq)]
pub enum RateShape {
    /// Always the same.
    Constant,
    /// Times `gamma` every `every` steps.
    Step {
        /// Steps between drops.
        every: usize,
        /// Factor of a drop.
        gamma: f32,
    },
    /// Times `gamma` at each milestone.
    Milestones {
        /// Steps at which it drops.
        at: Vec<usize>,
        /// Factor of a drop.
        gamma: f32,
    },
    /// Half a cosine from 1 to `floor` at the end of the run.
    Cosine {
        /// Factor at the end.
        floor: f32,
    },
}

/// A learning rate: base, shape, and a linear warm-up.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    /// Rate at full height.
    pub base: f32,
    /// Shape after the warm-up.
    pub shape: RateShape,
    /// Steps that rise from nothing to the base.
    pub warmup: usize,
}

impl Rate {
    /// The same rate throughout.
    pub fn constant(base: f32) -> Self {
        Self { base, shape: RateShape::Constant, warmup: 0 }
    }

    /// Half a cosine down to zero.
    pub fn cosine(base: f32, warmup: usize) -> Self {
        Self { base, shape: RateShape::Cosine { floor: 0.0 }, warmup }
    }

    /// The rate at step `step` of `total`, counted from 0.
    pub fn at(&self, step: usize, total: usize) -> f32 {
        if step < self.warmup {
            return self.base * (step + 1) as f32 / self.warmup as f32;
        }
        let (t, total) = (step - self.warmup, total.saturating_sub(self.warmup).max(1));
        self.base
            * match &self.shape {
                RateShape::Constant => 1.0,
                RateShape::Step { every, gamma } => libm::powf(*gamma, (t / every.max(&1)) as f32),
                RateShape::Milestones { at, gamma } => {
                    libm::powf(*gamma, at.iter().filter(|&&m| t >= m).count() as f32)
                }
                RateShape::Cosine { floor } => {
                    let share = t.min(total) as f64 / total as f64;
                    let wave = 0.5 * (1.0 + libm::cos(std::f64::consts::PI * share));
                    floor + (1.0 - floor) * wave as f32
                }
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_up_then_cosine() {
        let rate = Rate::cosine(1.0, 2);
        let at: Vec<f32> = (0..=6).map(|s| rate.at(s, 6)).collect();
        assert_eq!(at[..3], [0.5, 1.0, 1.0]);
        assert!((at[4] - 0.5).abs() < 1e-6 && at[6].abs() < 1e-6, "{at:?}");
    }
}
