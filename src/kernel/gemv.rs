//! Matrix times vector, for linear layers at batch 1: dense, by non-zeros, and by blocks of rows.
//!
//! The work is bound by reading weights, so what counts is how few of them there are and that they come in order.

use super::rows;
use super::simd::{self, Lane, Work};
use super::store::Store;

/// Rows of a block: with four lanes two vectors, with eight one.
const ROWS: usize = 8;
/// Sums a row is split into, so that additions need not wait for each other.
const SUMS: usize = 4;

/// A weight matrix for products with a vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Gemv {
    rows: usize,
    /// Columns of the matrix: no stored column is as large.
    inputs: usize,
    form: Form,
}

#[derive(Clone, Debug, PartialEq)]
enum Form {
    /// Every weight, in blocks `[rows/8][k][8]`.
    Dense(Vec<f32>),
    /// Non-zero weights, row by row.
    Element(Sparse),
    /// Columns with a non-zero, by blocks of eight rows: eight weights a column.
    Block(Sparse),
}

/// Weights with their columns.
#[derive(Clone, Debug, PartialEq)]
struct Sparse {
    /// By row, or block of rows: its first column; one more at the end.
    start: Vec<u32>,
    columns: Vec<u32>,
    weights: Vec<f32>,
}

impl Sparse {
    /// The columns and weights of row, or block, i of `height` rows.
    fn part(&self, i: usize, height: usize) -> (&[u32], &[f32]) {
        let range = self.start[i] as usize..self.start[i + 1] as usize;
        (&self.columns[range.clone()], &self.weights[range.start * height..range.end * height])
    }
}

impl Gemv {
    /// All weights of w [rows, inputs].
    pub fn dense(w: &[f32], rows: usize, inputs: usize) -> Self {
        let blocks = (0..rows).step_by(ROWS).flat_map(|o| (0..inputs).map(move |k| (o, k)));
        let weights = blocks.flat_map(|(o, k)| column(w, rows, inputs, o, k)).collect();
        Self { rows, inputs, form: Form::Dense(weights) }
    }

    /// The non-zeros of w [rows, inputs].
    pub fn element(w: &[f32], inputs: usize) -> Self {
        let (mut start, mut columns, mut weights) = (vec![0], Vec::new(), Vec::new());
        for row in w.chunks(inputs) {
            for (k, &x) in row.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                columns.push(k as u32);
                weights.push(x);
            }
            start.push(columns.len() as u32);
        }
        Self { rows: start.len() - 1, inputs, form: Form::Element(Sparse { start, columns, weights }) }
    }

    /// The columns of w [rows, inputs] that are not zero in blocks of eight rows.
    pub fn block(w: &[f32], rows: usize, inputs: usize) -> Self {
        let (mut start, mut columns, mut weights) = (vec![0], Vec::new(), Vec::new());
        for o in (0..rows).step_by(ROWS) {
            for k in 0..inputs {
                let column = column(w, rows, inputs, o, k);
                if column.iter().any(|&x| x != 0.0) {
                    columns.push(k as u32);
                    weights.extend(column);
                }
            }
            start.push(columns.len() as u32);
        }
        Self { rows, inputs, form: Form::Block(Sparse { start, columns, weights }) }
    }

    /// Bytes of the packed form.
    pub fn bytes(&self) -> usize {
        4 * match &self.form {
            Form::Dense(weights) => weights.len(),
            Form::Element(s) | Form::Block(s) => s.start.len() + s.columns.len() + s.weights.len(),
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// y = clamp(W x + bias).
    pub fn run(&self, x: &[f32], y: &mut [f32], store: &Store) {
        assert!(x.len() >= self.inputs, "x holds {} numbers and the matrix has {} columns", x.len(), self.inputs);
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
        let Self { gemv: Gemv { rows, inputs, form }, x, y } = self;
        let mut put = |block: usize, sums: [f32; ROWS]| {
            let len = ROWS.min(rows - block * ROWS);
            rows::copy(&sums, &mut y[block * ROWS..][..len]);
        };
        // SAFETY: `run` checked that x holds the columns, and every stored column is one of them.
        unsafe {
            match form {
                Form::Dense(weights) => {
                    let blocks = weights.chunks_exact(inputs * ROWS);
                    blocks.enumerate().for_each(|(b, weights)| put(b, dense::<L>(weights, x)));
                }
                Form::Element(s) => {
                    for (o, y) in y.iter_mut().enumerate().take(*rows) {
                        let (columns, weights) = s.part(o, 1);
                        *y = row(weights, columns, x);
                    }
                }
                Form::Block(s) => {
                    for b in 0..s.start.len() - 1 {
                        let (columns, weights) = s.part(b, ROWS);
                        put(b, block::<L>(weights, columns, x));
                    }
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
/// `x` holds a number for every eight weights.
#[inline(always)]
unsafe fn dense<L: Lane>(w: &[f32], x: &[f32]) -> [f32; ROWS] {
    let mut acc = [[L::splat(0.0); 2]; SUMS];
    for (k, w) in w.chunks_exact(ROWS).enumerate() {
        // SAFETY: promised by the caller; a chunk holds eight weights.
        unsafe {
            let s = L::splat(*x.get_unchecked(k));
            for v in 0..ROWS / L::N {
                acc[k % SUMS][v] = acc[k % SUMS][v].fma(s, L::load(w.as_ptr().add(v * L::N)));
            }
        }
    }
    fold(acc)
}

/// # Safety
/// `x` holds every column.
#[inline(always)]
unsafe fn block<L: Lane>(w: &[f32], columns: &[u32], x: &[f32]) -> [f32; ROWS] {
    let mut acc = [[L::splat(0.0); 2]; SUMS];
    for (i, (w, &k)) in w.chunks_exact(ROWS).zip(columns).enumerate() {
        // SAFETY: promised by the caller; a chunk holds eight weights.
        unsafe {
            let s = L::splat(*x.get_unchecked(k as usize));
            for v in 0..ROWS / L::N {
                acc[i % SUMS][v] = acc[i % SUMS][v].fma(s, L::load(w.as_ptr().add(v * L::N)));
            }
        }
    }
    fold(acc)
}

/// # Safety
/// `x` holds every column.
#[inline(always)]
unsafe fn row(w: &[f32], columns: &[u32], x: &[f32]) -> f32 {
    let mut acc = [0.0f32; SUMS];
    let count = w.len();
    assert_eq!(columns.len(), count, "every weight has its column");
    // Plain indices: iterators here are only as fast as the compiler's appetite for inlining.
    // SAFETY: i is below the number of weights, which is that of the columns; `x` is promised by the caller.
    let term = |i: usize| unsafe { w.get_unchecked(i) * x.get_unchecked(*columns.get_unchecked(i) as usize) };
    for quad in 0..count / SUMS {
        for lane in 0..SUMS {
            acc[lane] += term(quad * SUMS + lane);
        }
    }
    for i in count / SUMS * SUMS..count {
        acc[0] += term(i);
    }
    (acc[0] + acc[1]) + (acc[2] + acc[3])
}
