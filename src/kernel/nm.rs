//! N:M sparsity: of every M consecutive input channels of a tap, N weights are kept.
//!
//! Every row has the same number of weights, so there is no row table, and a position within its group takes one byte. The
//! offsets of all taps stand in one table that every row shares.

use super::flat::SLACK;
use super::simd::{self, Lane, Work};
use super::store::{Epilogue, Planes};

/// A weight matrix with at most N of M weights in every group.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    /// Weights kept of a group.
    n: usize,
    /// Size of a group.
    m: usize,
    rows: usize,
    /// Where the taps lie, group by group.
    offsets: Vec<u32>,
    /// By row, group and kept weight: position within the group.
    places: Vec<u8>,
    /// By row, group and kept weight: the weight; zero fills up.
    weights: Vec<f32>,
}

impl Groups {
    /// Packs w [rows, taps] whose taps are ordered so that groups are consecutive. `None` if some group holds more than N.
    pub fn pack(w: &[f32], rows: usize, offsets: &[u32], n: usize, m: usize) -> Option<Self> {
        let taps = offsets.len();
        if n == 0 || m == 0 || !taps.is_multiple_of(m) {
            return None;
        }
        let (mut places, mut weights) = (Vec::new(), Vec::new());
        for group in w.chunks_exact(m) {
            let kept: Vec<usize> = (0..m).filter(|&i| group[i] != 0.0).collect();
            if kept.len() > n {
                return None;
            }
            for i in 0..n {
                let place = kept.get(i).copied().unwrap_or(0);
                places.push(place as u8);
                weights.push(if i < kept.len() { group[place] } else { 0.0 });
            }
        }
        Some(Self { n, m, rows, offsets: offsets.to_vec(), places, weights })
    }

    /// Number of weights that are stored.
    pub fn stored(&self) -> usize {
        self.weights.len()
    }

    /// Bytes of the packed form.
    pub fn bytes(&self) -> usize {
        4 * (self.offsets.len() + self.weights.len()) + self.places.len()
    }

    /// y[o, p] = store(Σ w x[offset + p]) for p in 0..run.
    pub fn run(&self, x: &[f32], y: &mut [f32], to: Planes, run: usize, store: &Epilogue) {
        let reach = run.next_multiple_of(SLACK);
        assert!(self.offsets.iter().all(|&o| o as usize + reach <= x.len()), "taps reach past the end of x");
        store.check(self.rows, &to, y, run);
        simd::run(Job { groups: self, x, y, to, run, store }, store.rounding);
    }
}

struct Job<'a> {
    groups: &'a Groups,
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
            // SAFETY: `Groups::run` checked offsets, y, residual and mask up to the last lane.
            let lanes = unsafe {
                match left {
                    8.. if L::N == 4 => self.tile::<L, 8>(p),
                    4.. => self.tile::<L, 4>(p),
                    2.. => self.tile::<L, 2>(p),
                    _ => self.tile::<L, 1>(p),
                }
            };
            p += lanes * L::N;
        }
    }
}

impl Job<'_> {
    /// # Safety
    /// Offsets, y, residual and mask reach to p + V lanes.
    #[inline(always)]
    unsafe fn tile<L: Lane, const V: usize>(&mut self, p: usize) -> usize {
        let Groups { n, m, rows, .. } = *self.groups;
        let groups = self.groups.offsets.len() / m;
        // SAFETY: promised by the caller; places and weights hold rows x groups x n.
        unsafe {
            let x = self.x.as_ptr().add(p);
            let mut place = self.groups.places.as_ptr();
            let mut weight = self.groups.weights.as_ptr();
            for o in 0..rows {
                let mut acc = [L::splat(self.store.start(o)); V];
                for g in 0..groups {
                    let offsets = self.groups.offsets.as_ptr().add(g * m);
                    for _ in 0..n {
                        let x = x.add(*offsets.add(usize::from(*place)) as usize);
                        let w = L::splat(*weight);
                        for (v, acc) in acc.iter_mut().enumerate() {
                            *acc = acc.fma(w, L::load(x.add(v * L::N)));
                        }
                        place = place.add(1);
                        weight = weight.add(1);
                    }
                }
                let at = self.to.lead + o * self.to.plane + p;
                self.store.put(acc, self.y.as_mut_ptr(), at, p);
            }
        }
        V
    }
}
