//! What happens to a tile when it is stored: bias, residual, activation, and zeros for the gaps.

use super::flat::SLACK;
use super::simd::{Lane, Rounding};

/// The end of a kernel, fused into its store: y = clamp(sum + bias + residual) * mask.
#[derive(Clone, Copy, Debug)]
pub struct Epilogue<'a> {
    /// Added to each output channel; empty for none.
    pub bias: &'a [f32],
    /// Added pixel by pixel, laid out as y is; empty for none.
    pub residual: &'a [f32],
    /// Least and greatest value: [0, inf] is ReLU.
    pub clamp: [f32; 2],
    /// 1 for pixels, 0 for gaps, from the start of the run on; empty where gaps need not be zero.
    pub mask: &'a [f32],
    /// How the sums that come in are rounded on their way.
    pub rounding: Rounding,
}

impl Epilogue<'_> {
    /// The sum as it is.
    pub const PLAIN: Self = Self {
        bias: &[],
        residual: &[],
        clamp: [f32::NEG_INFINITY, f32::INFINITY],
        mask: &[],
        rounding: Rounding::Exact,
    };

    /// The part for some rows, whose y begins `rows.start` planes later.
    pub fn rows(&self, rows: &std::ops::Range<usize>, plane: usize) -> Self {
        let bias = if self.bias.is_empty() { self.bias } else { &self.bias[rows.clone()] };
        let residual = if self.residual.is_empty() { self.residual } else { &self.residual[rows.start * plane..] };
        Self { bias, residual, ..*self }
    }

    /// What the sums of output channel `o` begin with.
    #[inline(always)]
    pub(super) fn start(&self, o: usize) -> f32 {
        self.bias.get(o).copied().unwrap_or(0.0)
    }

    /// Stores V lanes for pixels from `p` on at position `at` of y.
    ///
    /// # Safety
    /// `y` is writable, the residual readable at `at` and the mask at `p`, for V lanes.
    #[inline(always)]
    pub(super) unsafe fn put<L: Lane, const V: usize>(&self, mut sums: [L; V], y: *mut f32, at: usize, p: usize) {
        // What there is to do is asked once for all lanes: short rows are stored as often as they are summed.
        // SAFETY: promised by the caller, and checked once per kernel call by `check`.
        unsafe {
            if !self.residual.is_empty() {
                for (v, sum) in sums.iter_mut().enumerate() {
                    *sum = sum.add(L::load(self.residual.as_ptr().add(at + v * L::N)));
                }
            }
            let [low, high] = self.clamp.map(L::splat);
            sums = sums.map(|sum| sum.max(low).min(high));
            if !self.mask.is_empty() {
                for (v, sum) in sums.iter_mut().enumerate() {
                    *sum = sum.mul(L::load(self.mask.as_ptr().add(p + v * L::N)));
                }
            }
            for (v, sum) in sums.into_iter().enumerate() {
                sum.store(y.add(at + v * L::N));
            }
        }
    }

    /// Panics unless everything is as long as the tiles of a run will read and write.
    pub(super) fn check(&self, rows: usize, out: &Planes, y: &[f32], run: usize) {
        let reach = run.next_multiple_of(SLACK);
        let end = out.lead + rows.saturating_sub(1) * out.plane + reach;
        assert!(rows == 0 || y.len() >= end, "y holds {} numbers and needs {end}", y.len());
        assert!(self.residual.is_empty() || self.residual.len() >= end, "the residual is laid out as y is");
        assert!(self.mask.is_empty() || self.mask.len() >= reach, "the mask covers the run and its last lane");
    }
}

/// Where outputs go: start and distance of planes.
#[derive(Clone, Copy, Debug)]
pub struct Planes {
    /// Position of pixel 0 of plane 0.
    pub lead: usize,
    /// Distance between planes.
    pub plane: usize,
}
