//! Matrix times vector, for linear layers at batch 1: dense, by non-zeros, and by blocks of rows.
//!
//! The work is bound by reading weights, so what counts is how few of them there are and that they come in order.

use crate::base::order;

use super::rows;
use super::simd::{self, Lane, Work};
use super::store::Epilogue;

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
    /// Non-zero weights in slices of eight rows that have about as many, side by side: eight columns and weights a step. Rows
    /// are sorted by how many they have, and short ones filled up with zeros.
    Element(Sparse, Vec<usize>),
    /// Columns with a non-zero, by blocks of eight rows: eight weights a column.
    Block(Sparse),
}

/// Weights with their columns.
#[derive(Clone, Debug, PartialEq)]
struct Sparse {
    /// By slice or block: its first step or column; one more at the end.
    start: Vec<u32>,
    columns: Vec<u32>,
    weights: Vec<f32>,
}

impl Sparse {
    /// The columns and weights of slice or block i, `wide` columns a step.
    fn part(&self, i: usize, wide: usize) -> (&[u32], &[f32]) {
        let range = self.start[i] as usize..self.start[i + 1] as usize;
        (&self.columns[range.start * wide..range.end * wide], &self.weights[range.start * ROWS..range.end * ROWS])
    }

    /// Numbers of the packed form.
    fn size(&self) -> usize {
        self.start.len() + self.columns.len() + self.weights.len()
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
        let rows: Vec<Vec<(u32, f32)>> = w
            .chunks(inputs.max(1))
            .map(|row| (0..).zip(row).filter(|(_, w)| **w != 0.0).map(|(k, &w)| (k, w)).collect())
            .collect();
        let order = order::rising(rows.iter().map(Vec::len));
        let (mut start, mut columns, mut weights) = (vec![0], Vec::new(), Vec::new());
        for slice in order.chunks(ROWS) {
            let steps = slice.iter().map(|&o| rows[o].len()).max().unwrap_or(0);
            for step in 0..steps {
                let tap = |r: usize| slice.get(r).and_then(|&o| rows[o].get(step)).copied().unwrap_or((0, 0.0));
                columns.extend((0..ROWS).map(|r| tap(r).0));
                weights.extend((0..ROWS).map(|r| tap(r).1));
            }
            start.push((weights.len() / ROWS) as u32);
        }
        Self { rows: rows.len(), inputs, form: Form::Element(Sparse { start, columns, weights }, order) }
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
            Form::Element(s, order) => s.size() + order.len(),
            Form::Block(s) => s.size(),
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// y = clamp(W x + bias).
    pub fn run(&self, x: &[f32], y: &mut [f32], store: &Epilogue) {
        assert!(x.len() >= self.inputs, "x holds {} numbers and the matrix has {} columns", x.len(), self.inputs);
        let bias = if store.bias.is_empty() { None } else { Some(&store.bias[..y.len()]) };
        simd::run(Job { gemv: self, x, y, bias, clamp: store.clamp }, store.rounding);
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
    bias: Option<&'a [f32]>,
    clamp: [f32; 2],
}

impl Work for Job<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lane>(self) {
        let Self { gemv: Gemv { rows, inputs, form }, x, y, bias, clamp } = self;
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
                Form::Element(s, order) => {
                    for (i, rows) in order.chunks(ROWS).enumerate() {
                        let (columns, weights) = s.part(i, ROWS);
                        let sums = slice::<L>(weights, columns, x);
                        rows.iter().zip(sums).for_each(|(&o, sum)| y[o] = sum);
                    }
                }
                Form::Block(s) => {
                    for b in 0..s.start.len() - 1 {
                        let (columns, weights) = s.part(b, 1);
                        put(b, block::<L>(weights, columns, x));
                    }
                }
            }
        }
        finish::<L>(y, bias, clamp);
    }
}

/// y = clamp(y + bias).
#[inline(always)]
fn finish<L: Lane>(y: &mut [f32], bias: Option<&[f32]>, [low, high]: [f32; 2]) {
    let whole = y.len() / L::N * L::N;
    for i in (0..whole).step_by(L::N) {
        // SAFETY: a lane is left in y, and the bias is as long.
        unsafe {
            let bias = bias.map_or(L::splat(0.0), |bias| L::load(bias.as_ptr().add(i)));
            let sum = L::load(y.as_ptr().add(i)).add(bias);
            sum.max(L::splat(low)).min(L::splat(high)).store(y.as_mut_ptr().add(i));
        }
    }
    for i in whole..y.len() {
        y[i] = (y[i] + bias.map_or(0.0, |bias| bias[i])).max(low).min(high);
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
/// `x` holds every column, and there are as many columns as weights.
#[inline(always)]
unsafe fn slice<L: Lane>(w: &[f32], columns: &[u32], x: &[f32]) -> [f32; ROWS] {
    let mut acc = [[L::splat(0.0); 2]; SUMS];
    for (w, at) in w.chunks_exact(ROWS).zip(columns.chunks_exact(ROWS)) {
        for v in 0..ROWS / L::N {
            // SAFETY: promised by the caller; a chunk holds eight weights and columns.
            unsafe {
                let x = L::gather(x.as_ptr(), at.as_ptr().add(v * L::N));
                acc[0][v] = acc[0][v].fma(x, L::load(w.as_ptr().add(v * L::N)));
            }
        }
    }
    fold(acc)
}
