//! Blocks of R output rows that share their taps: R = 4 or 2. With every tap present this is the dense kernel.
//!
//! For a tile of R rows by V lanes of pixels, each tap costs V loads and R splats for R V multiply-adds: what is loaded is
//! used R times. Rows are blocked along the output channels; within a block all rows have the same taps (zeros filled in).

use super::flat::SLACK;
use super::simd::{self, Lane, Work};
use super::store::{Planes, Store};

/// A weight matrix in blocks of `height` rows: for each block its taps, for each tap an offset and `height` weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocks {
    rows: usize,
    /// Rows of a block: 2 or 4.
    height: usize,
    /// By block: its first tap; one more at the end.
    start: Vec<u32>,
    /// By tap: position of pixel 0 in x.
    offsets: Vec<u32>,
    /// By tap: weights of the block's rows.
    weights: Vec<f32>,
    /// The furthest offset: what a run must check, once and not tap by tap.
    furthest: u32,
}

impl Blocks {
    /// Packs w [rows, taps] with the taps' offsets, leaving out blocks in which every weight is zero (or none at all).
    pub fn pack(w: &[f32], rows: usize, offsets: &[u32], height: usize, skip_zeros: bool) -> Self {
        let taps = offsets.len();
        let mut out = Self { rows, height, start: vec![0], offsets: vec![], weights: vec![], furthest: 0 };
        for first in (0..rows).step_by(height) {
            for (t, &offset) in offsets.iter().enumerate() {
                let column = |r: usize| if first + r < rows { w[(first + r) * taps + t] } else { 0.0 };
                if !skip_zeros || (0..height).any(|r| column(r) != 0.0) {
                    out.offsets.push(offset);
                    out.furthest = out.furthest.max(offset);
                    out.weights.extend((0..height).map(column));
                }
            }
            out.start.push(out.offsets.len() as u32);
        }
        out
    }

    /// Number of weights that are stored, zeros that fill blocks up among them.
    pub fn stored(&self) -> usize {
        self.weights.len()
    }

    /// Bytes of the packed form.
    pub fn bytes(&self) -> usize {
        4 * (self.start.len() + self.offsets.len() + self.weights.len())
    }

    /// y[o, p] = store(Σ w x[offset + p]) for p in 0..run.
    pub fn run(&self, x: &[f32], y: &mut [f32], to: Planes, run: usize, store: &Store) {
        let end = self.furthest as usize + run.next_multiple_of(SLACK);
        assert!(self.offsets.is_empty() || end <= x.len(), "taps reach past the end of x");
        store.check(self.rows, &to, y, run);
        simd::run(Job { blocks: self, x, y, to, run, store }, store.rounding);
    }
}

struct Job<'a> {
    blocks: &'a Blocks,
    x: &'a [f32],
    y: &'a mut [f32],
    to: Planes,
    run: usize,
    store: &'a Store<'a>,
}

/// x of a chunk should stay in the first cache while all blocks pass over it.
const CHUNK: usize = 12 * 1024;

impl Work for Job<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lane>(mut self) {
        let taps = self.blocks.offsets.len() / (self.blocks.start.len() - 1).max(1);
        let chunk = (CHUNK / taps.max(1)).clamp(2, 16) * 32;
        for first in (0..self.run).step_by(chunk) {
            let end = (first + chunk).min(self.run);
            // SAFETY: `Blocks::run` checked offsets, y, residual and mask up to the last tile.
            unsafe {
                match self.blocks.height {
                    2 => self.chunk::<L, 2, 4>(first, end),
                    _ => self.chunk::<L, 4, 2>(first, end),
                }
            }
        }
    }
}

impl Job<'_> {
    /// # Safety
    /// Offsets, y, residual and mask reach to the last tile.
    #[inline(always)]
    unsafe fn chunk<L: Lane, const R: usize, const V: usize>(&mut self, first: usize, end: usize) {
        for block in 0..self.blocks.start.len() - 1 {
            let taps = self.blocks.start[block] as usize..self.blocks.start[block + 1] as usize;
            let mut p = first;
            while p < end {
                // SAFETY: see above; p stays below the run.
                unsafe {
                    if end - p > (V - 1) * L::N {
                        self.tile::<L, R, V>(block, taps.clone(), p);
                        p += V * L::N;
                    } else {
                        self.tile::<L, R, 1>(block, taps.clone(), p);
                        p += L::N;
                    }
                }
            }
        }
    }

    /// # Safety
    /// As for `chunk`.
    #[inline(always)]
    unsafe fn tile<L: Lane, const R: usize, const V: usize>(
        &mut self,
        block: usize,
        taps: std::ops::Range<usize>,
        p: usize,
    ) {
        let b = self.blocks;
        let mut acc: [[L; V]; R] = std::array::from_fn(|r| [L::splat(self.store.start(block * R + r)); V]);
        // SAFETY: taps are in range by construction; reads of x were checked.
        unsafe {
            let x = self.x.as_ptr().add(p);
            let (offsets, weights) = (b.offsets.as_ptr(), b.weights.as_ptr());
            for t in taps {
                let x = x.add(*offsets.add(t) as usize);
                let lanes: [L; V] = std::array::from_fn(|v| L::load(x.add(v * L::N)));
                for (r, acc) in acc.iter_mut().enumerate() {
                    let w = L::splat(*weights.add(t * R + r));
                    for (acc, x) in acc.iter_mut().zip(lanes) {
                        *acc = acc.fma(w, x);
                    }
                }
            }
            for (r, acc) in acc.iter().enumerate() {
                let o = block * R + r;
                if o < b.rows {
                    for (v, sum) in acc.iter().enumerate() {
                        let at = self.to.lead + o * self.to.plane + p + v * L::N;
                        self.store.put(*sum, self.y.as_mut_ptr(), at, p + v * L::N);
                    }
                }
            }
        }
    }
}
