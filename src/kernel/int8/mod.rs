//! Layers on bytes: 8-bit weights, 7-bit activations, exact sums.
//!
//! An activation is a byte q in 0..=127 that stands for scale (q - zero); a weight is a signed byte. Seven bits let two products
//! be added in 16 bits without saturation, which is what the instruction at hand does, so sums are exact integers and the same
//! in every build. Taps come in fours: their bytes are interleaved, multiplied and added pairwise up to 32 bits, for 16 pixels
//! at once. Layout and offsets are those of [`super::flat`].

mod sums;
#[cfg(any(target_arch = "wasm32", target_arch = "x86_64"))]
mod vector;

use super::flat::SLACK;
use super::store::Planes;
use sums::Sums;

/// The greatest activation.
pub const TOP: u8 = 127;
/// Pixels that are handled at once.
const LANES: usize = 16;

const _: () = assert!(SLACK.is_multiple_of(LANES), "runs are rounded up to whole vectors of bytes");

/// Four taps of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Quad {
    /// Positions of pixel 0 in x.
    offsets: [u32; 4],
    /// Weights; zero fills up.
    weights: [i8; 4],
}

/// A matrix of bytes by its non-zeros, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quads {
    /// By row: its first quad; one more at the end.
    start: Vec<u32>,
    quads: Vec<Quad>,
    /// The furthest offset.
    furthest: u32,
    /// Weights that are not zero.
    nonzero: usize,
}

impl Quads {
    /// An empty matrix, to push rows to.
    pub fn new() -> Self {
        Self { start: vec![0], ..Self::default() }
    }

    /// Adds the non-zeros of a row with their taps' offsets.
    pub fn push(&mut self, w: &[i8], offsets: &[u32]) {
        let taps: Vec<(i8, u32)> =
            w.iter().zip(offsets).filter(|(w, _)| **w != 0).map(|(&w, &offset)| (w, offset)).collect();
        for four in taps.chunks(4) {
            // What fills a quad up reads where its last tap reads, and counts nothing.
            let at = |i: usize| four[i.min(four.len() - 1)].1;
            let weight = |i: usize| four.get(i).map_or(0, |tap| tap.0);
            self.quads.push(Quad { offsets: [at(0), at(1), at(2), at(3)], weights: std::array::from_fn(weight) });
        }
        self.furthest = taps.iter().fold(self.furthest, |most, tap| most.max(tap.1));
        self.nonzero += taps.len();
        self.start.push(self.quads.len() as u32);
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.start.len() - 1
    }

    /// Number of weights that are not zero.
    pub fn nonzero(&self) -> usize {
        self.nonzero
    }

    /// Bytes of the packed form.
    pub fn bytes(&self) -> usize {
        4 * self.start.len() + size_of::<Quad>() * self.quads.len()
    }

    /// y[o, p] = store(Σ w x[offset + p]) for p in 0..run.
    pub fn run(&self, x: &[u8], y: &mut [u8], to: Planes, run: usize, store: &QuantizedEpilogue) {
        let reach = run.next_multiple_of(SLACK);
        assert!(self.quads.is_empty() || self.furthest as usize + reach <= x.len(), "taps reach past the end of x");
        let end = to.lead + self.rows().saturating_sub(1) * to.plane + reach;
        assert!(y.len() >= end || self.rows() == 0, "y holds {} numbers and needs {end}", y.len());
        assert!(store.residual.is_empty() || store.residual.len() >= end, "the residual is laid out as y is");
        assert!(store.mask.is_empty() || store.mask.len() >= reach, "the mask covers the run and its last lane");
        assert!(store.start.len().min(store.scale.len()) >= self.rows(), "every row has a start and a scale");
        let mut p = 0;
        while p < run {
            // SAFETY: offsets, y, residual and mask were just checked up to the last vector.
            unsafe {
                if run - p > LANES {
                    self.tile::<true>(x, y, to, p, store);
                    p += 2 * LANES;
                } else {
                    self.tile::<false>(x, y, to, p, store);
                    p += LANES;
                }
            }
        }
    }

    /// All rows at one vector of pixels from p on, or at two.
    ///
    /// # Safety
    /// Offsets, y, residual and mask reach to p + 16, or 32.
    unsafe fn tile<const WIDE: bool>(&self, x: &[u8], y: &mut [u8], to: Planes, p: usize, store: &QuantizedEpilogue) {
        // SAFETY: promised by the caller; `start` is rising and ends at the number of quads.
        unsafe {
            let (x, y) = (x.as_ptr().add(p), y.as_mut_ptr());
            let mut quad = self.quads.as_ptr();
            for o in 0..self.rows() {
                let end = self.quads.as_ptr().add(*self.start.get_unchecked(o + 1) as usize);
                // Two by name: an array of them would be left in memory.
                let start = Sums::splat(*store.start.get_unchecked(o));
                let (mut first, mut second) = (start, start);
                while quad < end {
                    let Quad { offsets, weights } = *quad;
                    let (x, weights) = (offsets.map(|offset| x.add(offset as usize)), sums::spread(weights));
                    first.add(x, weights);
                    if WIDE {
                        second.add(x.map(|x| x.add(LANES)), weights);
                    }
                    quad = quad.add(1);
                }
                let at = to.lead + o * to.plane + p;
                first.put(store, o, y, at, p);
                if WIDE {
                    second.put(store, o, y, at + LANES, p + LANES);
                }
            }
        }
    }
}

/// How sums become bytes: y = clamp(round(scale (start + sum) + residual) + zero), row by row.
#[derive(Clone, Copy, Debug)]
pub struct QuantizedEpilogue<'a> {
    /// By row: the bias, and what the zero points of x and the residual are worth, in steps of the sum.
    pub start: &'a [i32],
    /// By row: steps of y that one step of the sum is worth. Sums must stay below 2²¹ steps of y.
    pub scale: &'a [f32],
    /// Added pixel by pixel, laid out as y is; empty for none.
    pub residual: &'a [u8],
    /// Steps of y that one step of the residual is worth.
    pub residual_scale: f32,
    /// Least and greatest y, at most 127.
    pub clamp: [u8; 2],
    /// 255 for pixels and 0 for gaps, from the start of the run on; empty where gaps need not be kept.
    pub mask: &'a [u8],
    /// The byte that stands for zero; gaps hold it.
    pub zero: u8,
}

impl QuantizedEpilogue<'_> {
    /// The part for some rows, whose y begins `rows.start` planes later.
    pub fn rows(&self, rows: &std::ops::Range<usize>, plane: usize) -> Self {
        let residual = if self.residual.is_empty() { self.residual } else { &self.residual[rows.start * plane..] };
        Self { start: &self.start[rows.clone()], scale: &self.scale[rows.clone()], residual, ..*self }
    }

    /// One byte from its sum, `start` included: what every vector must do.
    pub fn byte(&self, o: usize, sum: i32, at: usize, p: usize) -> u8 {
        if self.mask.get(p) == Some(&0) {
            return self.zero;
        }
        let mut y = sum as f32 * self.scale[o];
        if let Some(&residual) = self.residual.get(at) {
            y += f32::from(residual) * self.residual_scale;
        }
        (round(y) + i32::from(self.zero)).clamp(self.clamp[0].into(), self.clamp[1].into()) as u8
    }
}

/// Adding it pushes the fraction of a number below 2²² out of its 23 bits, rounded to even.
const MAGIC: f32 = 12_582_912.0;

/// The nearest integer, the even one of two, of a number below 2²² in size: the same operations as in vectors.
pub fn round(x: f32) -> i32 {
    ((x + MAGIC).to_bits() as i32).wrapping_sub(MAGIC.to_bits() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_to_the_nearest_and_to_even() {
        let cases = [(0.0, 0), (0.5, 0), (1.5, 2), (2.5, 2), (-0.5, 0), (-1.5, -2), (126.49, 126), (-3.51, -4)];
        assert!(cases.into_iter().all(|(x, want)| round(x) == want));
    }

    #[test]
    fn fills_rows_up_to_whole_quads() {
        let mut quads = Quads::new();
        quads.push(&[0, 5, 0, -7, 1, 2, 3], &[0, 10, 20, 30, 40, 50, 60]);
        quads.push(&[0; 7], &[0, 10, 20, 30, 40, 50, 60]);
        assert_eq!((quads.rows(), quads.nonzero(), quads.bytes()), (2, 5, 12 + 2 * 20));
        assert_eq!(quads.quads[1], Quad { offsets: [60; 4], weights: [3, 0, 0, 0] });
    }
}
