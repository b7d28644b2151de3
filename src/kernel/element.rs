//! Unstructured sparsity: each output row has its own taps, and only non-zero weights are stored.
//!
//! A non-zero weight meets a contiguous run of pixels: one splat and one offset for a whole tile of multiply-adds. The same
//! loop is a sparse convolution of any size and stride, a 1x1 convolution, a linear layer over a batch, and a depthwise
//! convolution (whose rows have just their own channel's taps).

use super::flat::SLACK;
use super::simd::{self, Lane, Work};
use super::store::{Planes, Store};

/// One non-zero weight.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Tap {
    /// Position of pixel 0 in x.
    offset: u32,
    weight: f32,
}

/// A weight matrix by its non-zeros, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// By row: its first tap; one more at the end.
    start: Vec<u32>,
    taps: Vec<Tap>,
    /// The furthest offset: what a run must check, once and not tap by tap.
    furthest: u32,
}

impl Rows {
    /// An empty matrix, to push rows to.
    pub fn new() -> Self {
        Self { start: vec![0], taps: Vec::new(), furthest: 0 }
    }

    /// Adds a row of weights with the taps' offsets; zeros are left out unless `whole`.
    pub fn push(&mut self, w: &[f32], offsets: &[u32], whole: bool) {
        let taps = w.iter().zip(offsets).filter(|(w, _)| whole || **w != 0.0);
        for (&weight, &offset) in taps {
            self.taps.push(Tap { offset, weight });
            self.furthest = self.furthest.max(offset);
        }
        self.start.push(self.taps.len() as u32);
    }

    /// Number of weights that are stored.
    pub fn stored(&self) -> usize {
        self.taps.len()
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.start.len() - 1
    }

    /// Bytes of the packed form.
    pub fn bytes(&self) -> usize {
        4 * self.start.len() + 8 * self.taps.len()
    }

    /// y[o, p] = store(Σ w x[offset + p]) for p in 0..run.
    pub fn run(&self, x: &[f32], y: &mut [f32], to: Planes, run: usize, store: &Store) {
        let end = self.furthest as usize + run.next_multiple_of(SLACK);
        assert!(self.taps.is_empty() || end <= x.len(), "taps reach past the end of x");
        store.check(self.rows(), &to, y, run);
        simd::run(Job { rows: self, x, y, to, run, store }, store.rounding);
    }
}

struct Job<'a> {
    rows: &'a Rows,
    x: &'a [f32],
    y: &'a mut [f32],
    to: Planes,
    run: usize,
    store: &'a Store<'a>,
}

impl Work for Job<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lane>(mut self) {
        let mut p = 0;
        while p < self.run {
            let left = (self.run - p).div_ceil(L::N);
            // SAFETY: `Rows::run` checked offsets, y, residual and mask up to the last tile.
            let lanes = unsafe {
                match left {
                    // Wide tiles save loads of weights, unless they leave a narrow one behind.
                    12 | 17.. if L::N == 4 => self.tile::<L, 12>(p),
                    8.. if L::N == 4 => self.tile::<L, 8>(p),
                    7 if L::N == 4 => self.tile::<L, 7>(p),
                    6 if L::N == 4 => self.tile::<L, 6>(p),
                    5 if L::N == 4 => self.tile::<L, 5>(p),
                    4.. => self.tile::<L, 4>(p),
                    3 => self.tile::<L, 3>(p),
                    2 => self.tile::<L, 2>(p),
                    _ => self.tile::<L, 1>(p),
                }
            };
            p += lanes * L::N;
        }
    }
}

impl Job<'_> {
    /// All rows at V lanes of pixels from p on; gives V.
    ///
    /// # Safety
    /// Offsets, y, residual and mask reach to p + V lanes.
    #[inline(always)]
    unsafe fn tile<L: Lane, const V: usize>(&mut self, p: usize) -> usize {
        // SAFETY: promised by the caller; `start` is rising and ends at the number of taps.
        unsafe {
            let x = self.x.as_ptr().add(p);
            let y = self.y.as_mut_ptr();
            let mut tap = self.rows.taps.as_ptr();
            for o in 0..self.rows.rows() {
                let end = self.rows.taps.as_ptr().add(*self.rows.start.get_unchecked(o + 1) as usize);
                let mut acc = [L::splat(self.store.start(o)); V];
                while tap < end {
                    let Tap { offset, weight } = *tap;
                    let (w, x) = (L::splat(weight), x.add(offset as usize));
                    for (v, acc) in acc.iter_mut().enumerate() {
                        *acc = acc.fma(w, L::load(x.add(v * L::N)));
                    }
                    tap = tap.add(1);
                }
                let at = self.to.lead + o * self.to.plane + p;
                for (v, sum) in acc.into_iter().enumerate() {
                    self.store.put(sum, y, at + v * L::N, p + v * L::N);
                }
            }
        }
        V
    }
}
