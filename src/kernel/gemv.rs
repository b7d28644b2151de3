//! Matrix times vector, for linear layers at batch 1: dense, by non-zeros, and by blocks of rows.
//!
//! The work is bound by reading weights, so what counts is how few of them there are and that they come in order.

use super::simd::{self, Lane, Work};
use super::store::Store;

/// Rows of a block: with four lanes two vectors, with eight one.
const ROWS: usize = 8;
/// Sums a row is split into, so that additions need not wait for each other.
const SUMS: usize = 4;

/// A weight matrix for products with a vector.
#[derive(Clone, Debug, PartialEq)]
pub enum Gemv {
    /// Every weight, in blocks `[rows/8][k][8]`.
    Dense {
        /// Rows of the matrix.
        rows: usize,
        /// Columns of the matrix.
        columns: usize,
        /// The weights.
        weights: Vec<f32>,
    },
    /// Non-zero weights, row by row.
    Element {
        /// By row: its first non-zero; one more at the end.
        start: Vec<u32>,
        /// Columns of the non-zeros.
        columns: Vec<u32>,
        /// The non-zeros.
        weights: Vec<f32>,
    },
    /// Columns with a non-zero, by blocks of eight rows.
    Block {
        /// Rows of the matrix.
        rows: usize,
        /// By block: its first column; one more at the end.
        start: Vec<u32>,
        /// The columns.
        columns: Vec<u32>,
        /// By column: eight weights.
        weights: Vec<f32>,
    },
}

impl Gemv {
    /// All weights of w [rows, columns].
    pub fn dense(w: &[f32], rows: usize, columns: usize) -> Self {
        let blocks = (0..rows).step_by(ROWS).flat_map(|o| (0..columns).map(move |k| (o, k)));
        let weights = blocks.flat_map(|(o, k)| column(w, rows, columns, o, k)).collect();
        Self::Dense { rows, columns, weights }
    }

    /// The non-zeros of w [rows, columns].
    pub fn element(w: &[f32], columns: usize) -> Self {
        let (mut start, mut places, mut weights) = (vec![0], Vec::new(), Vec::new());
        for row in w.chunks(columns) {
            for (k, &x) in row.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                places.push(k as u32);
                weights.push(x);
            }
            start.push(places.len() as u32);
        }
        Self::Element { start, columns: places, weights }
    }

    /// The columns of w [rows, columns] that are not zero in blocks of eight rows.
    pub fn block(w: &[f32], rows: usize, columns: usize) -> Self {
        let (mut start, mut places, mut weights) = (vec![0], Vec::new(), Vec::new());
        for o in (0..rows).step_by(ROWS) {
            for k in 0..columns {
                let column = column(w, rows, columns, o, k);
                if column.iter().any(|&x| x != 0.0) {
                    places.push(k as u32);
                    weights.extend(column);
                }
            }
            start.push(places.len() as u32);
        }
        Self::Block { rows, start, columns: places, weights }
    }

    /// Bytes of the packed form.
    pub fn bytes(&self) -> usize {
        4 * match self {
            Self::Dense { weights, .. } => weights.len(),
            Self::Element { start, columns, weights } | Self::Block { start, columns, weights, .. } => {
                start.len() + columns.len() + weights.len()
            }
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Dense { rows, .. } | Self::Block { rows, .. } => *rows,
            Self::Element { start, .. } => start.len() - 1,
        }
    }

    /// y = clamp(W x + bias).
    pub fn run(&self, x: &[f32], y: &mut [f32], store: &Store) {
        simd::run(Job { gemv: self, x, y }, store.rounding);
        for (i, y) in y.iter_mut().enumerate() {
            *y = (*y + store.start(i)).max(store.clamp[0]).min(store.clamp[1]);
        }
    }
}

/// Eight weights of column k from row o on; zeros past the end.
fn column(w: &[f32], rows: usize, columns: usize, o: usize, k: usize) -> [f32; ROWS] {
    std::array::from_fn(|r| if o + r < rows { w[(o + r) * columns + k] } else { 0.0 })
}

struct Job<'a> {
    gemv: &'a Gemv,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Work for Job<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lane>(self) {
        let Self { gemv, x, y } = self;
        match gemv {
            Gemv::Dense { rows, columns, weights } => {
                assert!(x.len() >= *columns && weights.len() >= rows.div_ceil(ROWS) * columns * ROWS);
                for o in (0..*rows).step_by(ROWS) {
                    // SAFETY: a block is columns x 8 weights; x holds the columns.
                    let sums = unsafe { dense::<L>(weights.as_ptr().add(o * columns), x, *columns) };
                    let len = ROWS.min(rows - o);
                    y[o..o + len].copy_from_slice(&sums[..len]);
                }
            }
            Gemv::Element { start, columns, weights } => {
                for (y, ends) in y.iter_mut().zip(start.windows(2)) {
                    let range = ends[0] as usize..ends[1] as usize;
                    *y = row(&weights[range.clone()], &columns[range], x);
                }
            }
            Gemv::Block { rows, start, columns, weights } => {
                for (b, ends) in start.windows(2).enumerate() {
                    let range = ends[0] as usize..ends[1] as usize;
                    let sums = block::<L>(&weights[range.start * ROWS..range.end * ROWS], &columns[range], x);
                    let len = ROWS.min(rows - b * ROWS);
                    y[b * ROWS..b * ROWS + len].copy_from_slice(&sums[..len]);
                }
            }
        }
    }
}

/// Adds up eight rows' partial sums, always in the same order, and stores them.
#[inline(always)]
fn fold<L: Lane>(acc: [[L; 2]; SUMS]) -> [f32; ROWS] {
    let mut out = [0.0; ROWS];
    for v in 0..ROWS / L::N {
        let sum = acc[0][v].add(acc[1][v]).add(acc[2][v].add(acc[3][v]));
        // SAFETY: v L::N + L::N is at most eight.
        unsafe { sum.store(out.as_mut_ptr().add(v * L::N)) };
    }
    out
}

/// # Safety
/// `w` holds columns x 8 weights and `x` the columns.
#[inline(always)]
unsafe fn dense<L: Lane>(w: *const f32, x: &[f32], columns: usize) -> [f32; ROWS] {
    let mut acc = [[L::splat(0.0); 2]; SUMS];
    for k in 0..columns {
        let s = L::splat(x[k]);
        for v in 0..ROWS / L::N {
            // SAFETY: promised by the caller.
            let w = unsafe { L::load(w.add(k * ROWS + v * L::N)) };
            acc[k % SUMS][v] = acc[k % SUMS][v].fma(s, w);
        }
    }
    fold(acc)
}

#[inline(always)]
fn block<L: Lane>(w: &[f32], columns: &[u32], x: &[f32]) -> [f32; ROWS] {
    let mut acc = [[L::splat(0.0); 2]; SUMS];
    for (i, (w, &k)) in w.chunks_exact(ROWS).zip(columns).enumerate() {
        let s = L::splat(x[k as usize]);
        for v in 0..ROWS / L::N {
            // SAFETY: a chunk holds eight weights.
            let w = unsafe { L::load(w.as_ptr().add(v * L::N)) };
            acc[i % SUMS][v] = acc[i % SUMS][v].fma(s, w);
        }
    }
    fold(acc)
}

#[inline(always)]
fn row(w: &[f32], columns: &[u32], x: &[f32]) -> f32 {
    let mut acc = [0.0f32; SUMS];
    let whole = w.len() / SUMS * SUMS;
    for (w, k) in w[..whole].chunks_exact(SUMS).zip(columns.chunks_exact(SUMS)) {
        for i in 0..SUMS {
            acc[i] += w[i] * x[k[i] as usize];
        }
    }
    for (w, &k) in w[whole..].iter().zip(&columns[whole..]) {
        acc[0] += w * x[k as usize];
    }
    (acc[0] + acc[1]) + (acc[2] + acc[3])
}
