//! Dense matrix product C = A B on packed panels.
//!
//! A is packed as `[m/4][k][4]`, B as `[n/W][k][W]` with W two lanes; a tile of 4 x W outputs stays in registers.
//! Sums run over k in blocks of [`KC`], so the bits do not depend on the width of a lane.

use std::{cell::RefCell, ops::Range};

use super::simd::{Lane, Work, widest};

/// Rows of a tile.
pub const MR: usize = 4;
/// Depth of a block: one panel of A and one of B stay in the first cache.
const KC: usize = 256;
/// Columns of a block.
const NC: usize = 256;

/// What can stand on the left: an [m, k] matrix.
pub trait Left {
    /// Packs rows x ks as panels `[rows/4][ks][4]`; rows past the end are zero.
    fn pack(&self, m: usize, ks: Range<usize>, out: &mut Vec<f32>);
}

/// What can stand on the right: a [k, n] matrix.
pub trait Right {
    /// Packs ks x ns as panels `[ns/width][ks][width]`; columns past the end are zero.
    fn pack(&self, ks: Range<usize>, ns: Range<usize>, width: usize, out: &mut Vec<f32>);
}

/// A strided matrix: element (i, j) lies at `i * row + j * col`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// The elements.
    pub data: &'a [f32],
    /// Distance between rows.
    pub row: usize,
    /// Distance between columns.
    pub col: usize,
}

impl<'a> Matrix<'a> {
    /// A row-major matrix with rows of length `cols`.
    pub fn rows(data: &'a [f32], cols: usize) -> Self {
        Self { data, row: cols, col: 1 }
    }

    /// The transpose of a row-major matrix with rows of length `cols`.
    pub fn transposed(data: &'a [f32], cols: usize) -> Self {
        Self { data, row: 1, col: cols }
    }
}

impl Left for Matrix<'_> {
    fn pack(&self, m: usize, ks: Range<usize>, out: &mut Vec<f32>) {
        out.clear();
        for i in (0..m).step_by(MR) {
            for k in ks.clone() {
                out.extend((i..i + MR).map(|i| if i < m { self.data[i * self.row + k * self.col] } else { 0.0 }));
            }
        }
    }
}

impl Right for Matrix<'_> {
    fn pack(&self, ks: Range<usize>, ns: Range<usize>, width: usize, out: &mut Vec<f32>) {
        out.clear();
        for j in ns.clone().step_by(width) {
            let end = (j + width).min(ns.end);
            for k in ks.clone() {
                if self.col == 1 {
                    out.extend_from_slice(&self.data[k * self.row + j..k * self.row + end]);
                } else {
                    out.extend((j..end).map(|j| self.data[k * self.row + j * self.col]));
                }
                out.resize(out.len() + width - (end - j), 0.0);
            }
        }
    }
}

/// One product, handed over in blocks of columns.
struct Product<'a, A, B, S> {
    m: usize,
    n: usize,
    k: usize,
    a: &'a A,
    b: &'a B,
    sink: S,
}

thread_local! {
    static SCRATCH: RefCell<[Vec<f32>; 3]> = const { RefCell::new([Vec::new(), Vec::new(), Vec::new()]) };
}

/// C = A B with A [m, k] and B [k, n]; `sink(columns, block, stride)` receives blocks [m, columns] with rows `stride` apart.
pub fn gemm<A: Left, B: Right>(
    m: usize,
    n: usize,
    k: usize,
    a: &A,
    b: &B,
    sink: impl FnMut(Range<usize>, &[f32], usize),
) {
    widest(Product { m, n, k, a, b, sink });
}

impl<A: Left, B: Right, S: FnMut(Range<usize>, &[f32], usize)> Work for Product<'_, A, B, S> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lane>(mut self) {
        // Taken out rather than borrowed: a sink may itself multiply.
        let [mut pa, mut pb, mut block] = SCRATCH.with(RefCell::take);
        let width = 2 * L::N;
        let rows = self.m.next_multiple_of(MR);
        for j in (0..self.n).step_by(NC) {
            let ns = j..(j + NC).min(self.n);
            let stride = ns.len().next_multiple_of(width);
            block.clear();
            block.resize(rows * stride, 0.0);
            for k in (0..self.k).step_by(KC) {
                let ks = k..(k + KC).min(self.k);
                self.a.pack(self.m, ks.clone(), &mut pa);
                self.b.pack(ks.clone(), ns.clone(), width, &mut pb);
                tiles::<L>(ks.len(), rows, stride, &pa, &pb, &mut block);
            }
            (self.sink)(ns, &block, stride);
        }
        SCRATCH.with(|scratch| scratch.replace([pa, pb, block]));
    }
}

/// Adds the product of packed panels to a block [rows, stride].
#[inline(always)]
fn tiles<L: Lane>(depth: usize, rows: usize, stride: usize, pa: &[f32], pb: &[f32], block: &mut [f32]) {
    let width = 2 * L::N;
    assert!(pa.len() >= rows * depth && pb.len() >= stride * depth && block.len() >= rows * stride);
    for j in (0..stride).step_by(width) {
        for i in (0..rows).step_by(MR) {
            // SAFETY: panels and block are as long as asserted above, and i, j step through whole tiles of them.
            unsafe {
                let (a, b) = (pa.as_ptr().add(i * depth), pb.as_ptr().add(j * depth));
                let acc = tile::<L>(depth, a, b);
                for (r, row) in acc.iter().enumerate() {
                    let c = block.as_mut_ptr().add((i + r) * stride + j);
                    L::load(c).add(row[0]).store(c);
                    L::load(c.add(L::N)).add(row[1]).store(c.add(L::N));
                }
            }
        }
    }
}

/// # Safety
/// `a` holds depth x 4 numbers, `b` depth x 2 lanes.
#[inline(always)]
unsafe fn tile<L: Lane>(depth: usize, a: *const f32, b: *const f32) -> [[L; 2]; MR] {
    let mut acc = [[L::splat(0.0); 2]; MR];
    for k in 0..depth {
        // SAFETY: k < depth, see above.
        unsafe {
            let b = b.add(k * 2 * L::N);
            let (b0, b1) = (L::load(b), L::load(b.add(L::N)));
            for (r, acc) in acc.iter_mut().enumerate() {
                let a = L::splat(*a.add(k * MR + r));
                acc[0] = acc[0].fma(a, b0);
                acc[1] = acc[1].fma(a, b1);
            }
        }
    }
    acc
}

/// C = A B (or C += A B) for row-major C [m, n].
pub fn matmul<A: Left, B: Right>(m: usize, n: usize, k: usize, a: &A, b: &B, c: &mut [f32], add: bool) {
    gemm(m, n, k, a, b, |ns, block, stride| {
        for i in 0..m {
            let to = &mut c[i * n + ns.start..i * n + ns.end];
            let from = &block[i * stride..][..ns.len()];
            if add {
                to.iter_mut().zip(from).for_each(|(c, x)| *c += x);
            } else {
                to.copy_from_slice(from);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;

    #[test]
    fn equals_the_triple_loop_on_odd_sizes() {
        let mut rng = Rng::new(1);
        for (m, n, k) in [(1, 1, 1), (5, 7, 3), (4, 16, 256), (13, 300, 270), (64, 33, 513)] {
            let a: Vec<f32> = (0..m * k).map(|_| rng.normal()).collect();
            let b: Vec<f32> = (0..k * n).map(|_| rng.normal()).collect();
            let mut c = vec![0.0; m * n];
            matmul(m, n, k, &Matrix::rows(&a, k), &Matrix::rows(&b, n), &mut c, false);
            for i in 0..m {
                for j in 0..n {
                    let want: f32 = (0..k).map(|p| a[i * k + p] * b[p * n + j]).sum();
                    assert!(
                        (c[i * n + j] - want).abs() < 1e-4 * (k as f32),
                        "{m} {n} {k}: {} is not {want}",
                        c[i * n + j]
                    );
                }
            }
        }
    }
}
