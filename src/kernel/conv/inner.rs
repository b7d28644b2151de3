//! Inner products of runs of pixels: the gradient of a convolution's weights.

use crate::kernel::simd::{Lane, Work};

/// dw[o, t] += Σ dy[o, p] x[offset(t) + p].
pub struct Inner<'a> {
    pub xs: &'a [f32],
    pub dys: &'a [f32],
    pub plane: usize,
    pub run: usize,
    pub offsets: &'a [u32],
    pub rows: usize,
    pub dw: &'a mut [f32],
    /// 1 for weights whose gradient is wanted; all are without it.
    pub mask: Option<&'a [u8]>,
}

/// Terms that are summed in f32 before they go to dw.
const CHUNK: usize = 256;
/// Lanes of a sum, on every target: it fixes the order of the terms and with it the bits.
const LANES: usize = 8;

impl Work for Inner<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lane>(mut self) {
        let reach = self.run.next_multiple_of(LANES);
        assert!(self.offsets.iter().all(|&o| o as usize + reach <= self.xs.len()));
        assert!(
            self.dys.len() >= (self.rows - 1) * self.plane + reach && self.dw.len() >= self.rows * self.offsets.len()
        );
        let wanted = self.mask.map(|mask| Wanted::new(mask, self.offsets.len()));
        for p in (0..reach).step_by(CHUNK) {
            let len = CHUNK.min(reach - p);
            // SAFETY: rows, taps and p + len were checked above.
            unsafe {
                match (&wanted, self.rows, L::N == LANES) {
                    (Some(wanted), _, true) => self.some::<L, 1>(wanted, p, len),
                    (Some(wanted), _, false) => self.some::<L, 2>(wanted, p, len),
                    (None, 1, true) => self.chunk::<L, 1, 1, 4>(p, len),
                    (None, 1, false) => self.chunk::<L, 2, 1, 4>(p, len),
                    (None, _, true) => self.chunk::<L, 1, 4, 2>(p, len),
                    (None, _, false) => self.chunk::<L, 2, 4, 2>(p, len),
                }
            }
        }
    }
}

impl Inner<'_> {
    /// All products over `len` pixels from p on, R rows by T taps at a time.
    ///
    /// # Safety
    /// Every run reaches to p + len, rounded up to eight.
    #[inline(always)]
    unsafe fn chunk<L: Lane, const S: usize, const R: usize, const T: usize>(&mut self, p: usize, len: usize) {
        let taps = self.offsets.len();
        for o in (0..self.rows).step_by(R) {
            for t in (0..taps).step_by(T) {
                // Past the end the last row or tap is computed again and dropped.
                let dy = std::array::from_fn(|r| (o + r).min(self.rows - 1) * self.plane + p);
                let x = std::array::from_fn(|i| self.offsets[(t + i).min(taps - 1)] as usize + p);
                // SAFETY: promised by the caller.
                let sums = unsafe { products::<L, S, R, T>(self.dys.as_ptr(), dy, self.xs.as_ptr(), x, len) };
                for r in 0..R.min(self.rows - o) {
                    for i in 0..T.min(taps - t) {
                        self.dw[(o + r) * taps + t + i] += sums[r][i];
                    }
                }
            }
        }
    }

    /// Products that are wanted, four taps of a row at a time; each sums as in `chunk`.
    ///
    /// # Safety
    /// Every run reaches to p + len, rounded up to eight.
    #[inline(always)]
    unsafe fn some<L: Lane, const S: usize>(&mut self, wanted: &Wanted, p: usize, len: usize) {
        let all = self.offsets.len();
        for (o, ends) in wanted.start.windows(2).enumerate() {
            for taps in wanted.taps[ends[0]..ends[1]].chunks(4) {
                let x = std::array::from_fn(|i| self.offsets[taps[i.min(taps.len() - 1)] as usize] as usize + p);
                // SAFETY: promised by the caller.
                let sums = unsafe {
                    products::<L, S, 1, 4>(self.dys.as_ptr(), [o * self.plane + p], self.xs.as_ptr(), x, len)
                };
                for (i, &t) in taps.iter().enumerate() {
                    self.dw[o * all + t as usize] += sums[0][i];
                }
            }
        }
    }
}

/// The taps of each row whose gradient is wanted.
struct Wanted {
    /// By row: its first tap; one more at the end.
    start: Vec<usize>,
    taps: Vec<u32>,
}

impl Wanted {
    fn new(mask: &[u8], taps: usize) -> Self {
        let mut out = Self { start: vec![0], taps: Vec::new() };
        for row in mask.chunks(taps) {
            out.taps.extend((0..).zip(row).filter(|(_, m)| **m == 1).map(|(t, _): (u32, _)| t));
            out.start.push(out.taps.len());
        }
        out
    }
}

/// Inner products of R runs with T, eight lanes each (S lanes of L make eight).
///
/// # Safety
/// All runs are readable for `len` numbers, rounded up to eight.
#[inline(always)]
unsafe fn products<L: Lane, const S: usize, const R: usize, const T: usize>(
    dys: *const f32,
    dy: [usize; R],
    xs: *const f32,
    x: [usize; T],
    len: usize,
) -> [[f32; T]; R] {
    let mut acc = [[[L::splat(0.0); S]; T]; R];
    // SAFETY: promised by the caller.
    unsafe {
        let (dy, x) = (dy.map(|at| dys.add(at)), x.map(|at| xs.add(at)));
        for p in (0..len).step_by(LANES) {
            let lanes: [[L; S]; T] = std::array::from_fn(|i| std::array::from_fn(|s| L::load(x[i].add(p + s * L::N))));
            for (acc, dy) in acc.iter_mut().zip(dy) {
                for s in 0..S {
                    let g = L::load(dy.add(p + s * L::N));
                    for i in 0..T {
                        acc[i][s] = acc[i][s].fma(g, lanes[i][s]);
                    }
                }
            }
        }
        acc.map(|row| {
            row.map(|sum| {
                let mut lanes = [0.0; LANES];
                for (s, part) in sum.into_iter().enumerate() {
                    part.store(lanes.as_mut_ptr().add(s * L::N));
                }
                lanes.iter().sum()
            })
        })
    }
}
