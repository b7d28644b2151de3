//! Unstructured sparsity: each output row has its own taps, and only non-zero weights are stored.
//!
//! A non-zero weight meets a contiguous run of pixels: one splat and one offset for a whole tile of multiply-adds. The same
//! loop is a sparse convolution of any size and stride, a 1x1 convolution, a linear layer over a batch, and a depthwise
//! convolution (whose rows have just their own channel's taps).

use crate::base::order;

use super::flat::SLACK;
use super::simd::{self, Lane, Work};
use super::store::{Epilogue, Planes};

/// One non-zero weight.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Tap {
    /// Position of pixel 0 in x.
    offset: u32,
    weight: f32,
}

/// A row's taps within a panel end here.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    row: u32,
    end: u32,
}

/// A weight matrix by its non-zeros.
///
/// Columns are cut into panels whose inputs the first cache holds for a tile; sums wait in y from one panel to the next.
/// Within a panel rows are sorted by their number of taps: a loop that ends after as many rounds as the one before costs no
/// mispredicted branch, which would be as long as six taps. Neither changes a bit: each sum has its terms in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    rows: usize,
    /// Panel by panel, every row once.
    lines: Vec<Line>,
    taps: Vec<Tap>,
    /// The furthest offset: what a run must check, once and not tap by tap.
    furthest: u32,
}

impl Rows {
    /// Packs rows of weights, each with its taps' offsets, in panels of some columns; zeros are left out unless `whole`.
    pub fn pack<'a, O: AsRef<[u32]>>(
        rows: impl IntoIterator<Item = (&'a [f32], O)>,
        whole: bool,
        panel: usize,
    ) -> Self {
        let rows: Vec<(&[f32], O)> = rows.into_iter().collect();
        let depth = rows.first().map_or(0, |(w, _)| w.len());
        let (mut lines, mut taps) = (Vec::new(), Vec::new());
        for first in (0..depth.max(1)).step_by(panel.max(1)) {
            let columns = first..depth.min(first.saturating_add(panel));
            let kept = |w: &[f32]| if whole { w.len() } else { w.iter().filter(|w| **w != 0.0).count() };
            for o in order::rising(rows.iter().map(|(w, _)| kept(&w[columns.clone()]))) {
                let (w, offsets) = (&rows[o].0[columns.clone()], &rows[o].1.as_ref()[columns.clone()]);
                let kept = w.iter().zip(offsets).filter(|(w, _)| whole || **w != 0.0);
                taps.extend(kept.map(|(&weight, &offset)| Tap { offset, weight }));
                lines.push(Line { row: o as u32, end: taps.len() as u32 });
            }
        }
        let furthest = taps.iter().map(|tap| tap.offset).max().unwrap_or(0);
        Self { rows: rows.len(), lines, taps, furthest }
    }

    /// Number of weights that are stored.
    pub fn stored(&self) -> usize {
        self.taps.len()
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of the packed form.
    pub fn bytes(&self) -> usize {
        8 * (self.lines.len() + self.taps.len())
    }

    /// y[o, p] = store(Σ w x[offset + p]) for p in 0..run.
    pub fn run(&self, x: &[f32], y: &mut [f32], to: Planes, run: usize, store: &Epilogue) {
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
    store: &'a Epilogue<'a>,
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
        let rows = self.rows.rows;
        // SAFETY: promised by the caller; ends rise to the number of taps, and every row is below the number of rows.
        unsafe {
            let x = self.x.as_ptr().add(p);
            let y = self.y.as_mut_ptr();
            let mut tap = self.rows.taps.as_ptr();
            for (i, panel) in self.rows.lines.chunks_exact(rows.max(1)).enumerate() {
                let last = (i + 1) * rows == self.rows.lines.len();
                for &Line { row, end } in panel {
                    let o = row as usize;
                    let end = self.rows.taps.as_ptr().add(end as usize);
                    let at = self.to.lead + o * self.to.plane + p;
                    let mut acc: [L; V] = if i == 0 {
                        [L::splat(self.store.start(o)); V]
                    } else {
                        std::array::from_fn(|v| L::load(y.add(at + v * L::N)))
                    };
                    while tap < end {
                        let Tap { offset, weight } = *tap;
                        let (w, x) = (L::splat(weight), x.add(offset as usize));
                        for (v, acc) in acc.iter_mut().enumerate() {
                            *acc = acc.fma(w, L::load(x.add(v * L::N)));
                        }
                        tap = tap.add(1);
                    }
                    if last {
                        self.store.put(acc, y, at, p);
                    } else {
                        acc.into_iter().enumerate().for_each(|(v, sum)| sum.store(y.add(at + v * L::N)));
                    }
                }
            }
        }
        V
    }
}
