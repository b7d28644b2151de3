//! What bytes stand for, and the ranges that this is taken from.

use crate::graph::ValueId;
use crate::kernel::int8::TOP;

/// What bytes stand for: scale (q - zero).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quant {
    /// The worth of one step.
    pub scale: f32,
    /// The byte of zero.
    pub zero: u8,
}

impl Quant {
    /// Seven bits over a range, which is widened to hold zero; the scale is at least `least`.
    pub(super) fn over([low, high]: [f32; 2], least: f32) -> Self {
        let (low, high) = (low.min(0.0), high.max(0.0));
        let scale = ((high - low) / f32::from(TOP)).max(least);
        Self { scale, zero: (-low / scale).round_ties_even() as u8 }
    }

    /// The byte nearest to a number.
    pub fn byte(self, x: f32) -> u8 {
        // Not `clamp`, which asks whether its bounds are in order, for every pixel.
        ((x / self.scale).round_ties_even() + f32::from(self.zero)).max(0.0).min(f32::from(TOP)) as u8
    }

    /// The number that a byte stands for.
    pub fn number(self, q: u8) -> f32 {
        (f32::from(q) - f32::from(self.zero)) * self.scale
    }
}

/// Least and greatest number of every value of a program, on average over batches of examples: the rare extremes of a single
/// image would take steps from all others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranges {
    batches: usize,
    sums: Vec<[f32; 2]>,
    /// Of the batch under way.
    now: Vec<[f32; 2]>,
}

impl Ranges {
    /// Nothing seen of a number of values.
    pub fn new(values: usize) -> Self {
        Self { batches: 0, sums: vec![[0.0; 2]; values], now: vec![[0.0; 2]; values] }
    }

    /// Values there are.
    pub(super) fn values(&self) -> usize {
        self.sums.len()
    }

    /// Takes in some of a value's numbers in this batch.
    pub fn see(&mut self, id: ValueId, numbers: &[f32]) {
        self.now[id] = numbers.iter().fold(self.now[id], |[low, high], &x| [low.min(x), high.max(x)]);
    }

    /// The batch is over.
    pub fn end(&mut self) {
        self.batches += 1;
        for (sum, now) in self.sums.iter_mut().zip(&mut self.now) {
            *sum = [sum[0] + now[0], sum[1] + now[1]];
            *now = [0.0; 2];
        }
    }

    /// A value's range.
    pub(super) fn of(&self, id: ValueId) -> [f32; 2] {
        let [low, high] = self.sums.get(id).copied().unwrap_or_default();
        let n = self.batches.max(1) as f32;
        [low / n, high / n]
    }
}
