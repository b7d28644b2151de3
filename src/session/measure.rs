//! Measuring speed so that it can be believed: warm, interleaved, in samples well above the step of the clock.

use crate::base::stats::{median, ratio};
use crate::base::{Result, clock};
use crate::compile::Plan;

use super::record::Speed;

/// Pairs of samples at least.
pub const PAIRS: usize = 31;
/// Pairs at most, on a machine that is busy with other things.
const MOST: usize = 121;
/// Half the width of the ratio's interval that is good enough.
const CLOSE: f64 = 0.04;
/// A sample should be this much longer than the step of the clock.
const STEPS: f64 = 20.0;

/// A measurement under way.
#[derive(Debug)]
pub struct Race {
    x: Vec<f32>,
    repeats: [usize; 2],
    /// The length of a sample, in milliseconds.
    least: f64,
    dense: Vec<f64>,
    pruned: Vec<f64>,
}

impl Race {
    /// Warms both plans up on a batch and finds out how often a sample must run.
    ///
    /// # Errors
    /// When the batch does not fit.
    pub fn new(x: Vec<f32>, dense: &mut Plan, pruned: &mut Plan, step: f64) -> Result<Self> {
        let least = (STEPS * step).clamp(1.0, 6.0);
        let warm = |plan: &mut Plan| -> Result<usize> {
            let (start, mut runs) = (clock::now_ms(), 0);
            // V8 replaces its quick code by better code while a function runs hot: give it time for that.
            while clock::now_ms() - start < 5.0 * least || runs < 3 {
                plan.run(&x)?;
                runs += 1;
            }
            Ok(((runs as f64 * least / (clock::now_ms() - start)).ceil() as usize).max(1))
        };
        let repeats = [warm(dense)?, warm(pruned)?];
        Ok(Self { x, repeats, least, dense: Vec::new(), pruned: Vec::new() })
    }

    /// One more sample of each, the order changing every time.
    ///
    /// # Errors
    /// When the batch does not fit.
    pub fn pair(&mut self, dense: &mut Plan, pruned: &mut Plan) -> Result<()> {
        let sample = |plan: &mut Plan, which: usize| -> Result<f64> {
            let start = clock::now_ms();
            for _ in 0..self.repeats[which] {
                plan.run(&self.x)?;
            }
            Ok(clock::now_ms() - start)
        };
        let (a, b) = if self.dense.len().is_multiple_of(2) {
            let a = sample(dense, 0)?;
            (a, sample(pruned, 1)?)
        } else {
            let b = sample(pruned, 1)?;
            (sample(dense, 0)?, b)
        };
        // Better code since the warm-up, or a hiccup then: a sample this short is mostly the clock's step.
        let short = [a, b].map(|ms| ms < 0.5 * self.least);
        (0..2).filter(|&i| short[i]).for_each(|i| self.repeats[i] *= 2);
        if short == [false; 2] {
            self.dense.push(a / self.repeats[0] as f64);
            self.pruned.push(b / self.repeats[1] as f64);
        }
        Ok(())
    }

    /// Whether there are enough pairs, or as many as we have patience for.
    pub fn finished(&self) -> bool {
        let pairs = self.dense.len();
        // Working out the interval is not free: look only now and then.
        let look = pairs >= PAIRS && (pairs - PAIRS).is_multiple_of(15);
        pairs >= MOST
            || look && {
                let speed = self.speed(1, 0);
                speed.high - speed.low <= 2.0 * CLOSE * speed.ratio
            }
    }

    /// Medians, ratio and interval.
    pub fn speed(&self, batch: usize, seed: u64) -> Speed {
        let (ratio, interval) = ratio(&self.dense, &self.pruned, seed);
        Speed {
            dense_ms: median(&self.dense),
            pruned_ms: median(&self.pruned),
            ratio,
            low: interval.low,
            high: interval.high,
            samples: self.dense.len(),
            batch,
        }
    }
}
