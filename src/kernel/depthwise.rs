//! Depthwise convolution: every channel has a filter of its own, and all filters have the same taps.
//!
//! The taps' offsets are kept once for all channels, and a tile of pixels meets all taps while it is in registers.

use super::flat::SLACK;
use super::simd::{self, Lane, Work};
use super::store::{Epilogue, Planes};

/// Filters of a depthwise layer: one of `offsets.len()` taps for each channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Filters {
    /// Where the taps of channel 0 lie.
    pub offsets: Vec<u32>,
    /// Distance between the input planes of channels.
    pub plane: usize,
    /// Weights, [C, taps].
    pub weights: Vec<f32>,
}

impl Filters {
    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.weights.len() / self.offsets.len().max(1)
    }

    /// Bytes of the packed form.
    pub fn bytes(&self) -> usize {
        4 * (self.offsets.len() + self.weights.len())
    }

    /// y[c, p] = store(Σ w x[c plane + offset + p]) for p in 0..run.
    pub fn run(&self, x: &[f32], y: &mut [f32], to: Planes, run: usize, store: &Epilogue) {
        let last = self.channels().saturating_sub(1) * self.plane + run.next_multiple_of(SLACK);
        assert!(self.offsets.iter().all(|&o| o as usize + last <= x.len()), "taps reach past the end of x");
        store.check(self.channels(), &to, y, run);
        simd::run(Job { filters: self, x, y, to, run, store }, store.rounding);
    }
}

struct Job<'a> {
    filters: &'a Filters,
    x: &'a [f32],
    y: &'a mut [f32],
    to: Planes,
    run: usize,
    store: &'a Epilogue<'a>,
}

impl Work for Job<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lane>(mut self) {
        for c in 0..self.filters.channels() {
            let mut p = 0;
            while p < self.run {
                // SAFETY: `Filters::run` checked x, y, residual and mask up to the last lane.
                unsafe {
                    if self.run - p > 3 * L::N {
                        self.tile::<L, 4>(c, p);
                        p += 4 * L::N;
                    } else {
                        self.tile::<L, 1>(c, p);
                        p += L::N;
                    }
                }
            }
        }
    }
}

impl Job<'_> {
    /// # Safety
    /// Channel c reaches to p + V lanes in x and y.
    #[inline(always)]
    unsafe fn tile<L: Lane, const V: usize>(&mut self, c: usize, p: usize) {
        let taps = self.filters.offsets.len();
        let mut acc = [L::splat(self.store.start(c)); V];
        // SAFETY: promised by the caller; weights hold channels x taps.
        unsafe {
            let x = self.x.as_ptr().add(c * self.filters.plane + p);
            let w = self.filters.weights.as_ptr().add(c * taps);
            for (t, &offset) in self.filters.offsets.iter().enumerate() {
                let (w, x) = (L::splat(*w.add(t)), x.add(offset as usize));
                for (v, acc) in acc.iter_mut().enumerate() {
                    *acc = acc.fma(w, L::load(x.add(v * L::N)));
                }
            }
            let at = self.to.lead + c * self.to.plane + p;
            self.store.put(acc, self.y.as_mut_ptr(), at, p);
        }
    }
}
