//! Products of a layer's inputs with each other, summed over examples and pixels: what solvers fit weights by.

use crate::base::square::SquareMatrix;
use crate::base::{Error, Flat, Result, Tensor};
use crate::graph::op::OpKind;
use crate::kernel::gemm::{Matrix, matmul};

/// Rows of inputs that are multiplied at once, in single precision; sums of these are in double precision.
const ROWS: usize = 1024;

/// How the weight of a layer [out, in, ...] lies as matrices, one for each group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shaped {
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// Output channels of a group.
    pub rows: usize,
    /// Input channels of a group.
    pub channels: usize,
    /// Taps of a channel.
    pub taps: usize,
    /// The channels of one tap lie side by side, not the taps of one channel.
    pub tap_major: bool,
}

impl Shaped {
    /// The matrices of a layer for inputs and weights of some shapes.
    ///
    /// # Errors
    /// When it is no layer with weights.
    pub fn new(op: &OpKind, x: &[usize], w: &[usize], tap_major: bool) -> Result<Self> {
        match op {
            OpKind::Linear(_) => Ok(Self { groups: 1, rows: w[0], channels: w[1], taps: 1, tap_major }),
            OpKind::Conv(conv) => {
                let v = conv.job(x, w)?;
                let (channels, rows) = v.group();
                Ok(Self { groups: v.groups, rows, channels, taps: v.taps(), tap_major })
            }
            other => Err(Error::unsupported(format!("{} has no weights to solve for", other.kind()))),
        }
    }

    /// Columns of a matrix.
    pub fn columns(&self) -> usize {
        self.channels * self.taps
    }

    /// The position in a row of the stored weight that a column stands for.
    pub fn stored(&self, column: usize) -> usize {
        match self.tap_major {
            true => column % self.channels * self.taps + column / self.channels,
            false => column,
        }
    }
}

/// The inputs of one group of a layer, [rows, columns], for examples [N, ...].
///
/// # Errors
/// When the examples do not fit the layer.
pub fn inputs(op: &OpKind, x: &Tensor, w: &[usize], shaped: &Shaped, group: usize) -> Result<Vec<f32>> {
    let OpKind::Conv(conv) = op else { return Ok(x.flat().to_vec()) };
    let v = conv.job(x.shape(), w)?;
    let ([oh, ow], [h, width], columns) = (v.out(), v.size, shaped.columns());
    let mut out = vec![0.0; v.n * oh * ow * columns];
    let image = v.c * h * width;
    for (row, to) in out.chunks_exact_mut(columns).enumerate() {
        let (n, oy, ox) = (row / (oh * ow), row / ow % oh, row % ow);
        for tap in 0..shaped.taps {
            let [ky, kx] = [tap / v.kernel[1], tap % v.kernel[1]];
            let y = (oy * v.stride[0] + ky * v.dilation[0]).wrapping_sub(v.pad[0]);
            let at = (ox * v.stride[1] + kx * v.dilation[1]).wrapping_sub(v.pad[1]);
            if y >= h || at >= width {
                continue;
            }
            for c in 0..shaped.channels {
                let column = if shaped.tap_major { tap * shaped.channels + c } else { c * shaped.taps + tap };
                to[column] = x.flat()[n * image + ((group * shaped.channels + c) * h + y) * width + at];
            }
        }
    }
    Ok(out)
}

/// Sums under way for one group.
#[derive(Clone, Debug)]
pub struct Products {
    /// X'ᵀ X'.
    pub gram: SquareMatrix,
    /// Xᵀ X', where inputs before and now are told apart.
    pub cross: Option<SquareMatrix>,
    /// Sums of the inputs now, and before.
    pub sums: [Vec<f64>; 2],
    /// Rows that were summed over.
    pub samples: f64,
}

impl Products {
    /// Nothing yet, of so many columns.
    pub fn new(columns: usize, cross: bool) -> Self {
        let sums = [vec![0.0; columns], vec![0.0; columns]];
        Self {
            gram: SquareMatrix::zeros(columns),
            cross: cross.then(|| SquareMatrix::zeros(columns)),
            sums,
            samples: 0.0,
        }
    }

    /// Takes in rows of inputs as they are now, and as they were; products of pairs only where they are asked for.
    pub fn add(&mut self, now: &[f32], before: Option<&[f32]>, pairs: bool) {
        let n = self.gram.n();
        self.samples += (now.len() / n.max(1)) as f64;
        add_rows(&mut self.sums[0], now);
        if let Some(before) = before {
            add_rows(&mut self.sums[1], before);
        }
        if pairs {
            add_products(&mut self.gram, now, now);
            if let (Some(cross), Some(before)) = (&mut self.cross, before) {
                add_products(cross, before, now);
            }
        }
    }
}

fn add_rows(sums: &mut [f64], rows: &[f32]) {
    for row in rows.chunks_exact(sums.len().max(1)) {
        sums.iter_mut().zip(row).for_each(|(s, &x)| *s += f64::from(x));
    }
}

/// to += Aᵀ B.
fn add_products(to: &mut SquareMatrix, a: &[f32], b: &[f32]) {
    let n = to.n();
    let mut block = vec![0.0; n * n];
    for (a, b) in a.chunks(ROWS * n.max(1)).zip(b.chunks(ROWS * n.max(1))) {
        matmul(n, n, a.len() / n.max(1), &Matrix::transposed(a, n), &Matrix::rows(b, n), &mut block, false);
        to.as_mut_slice().iter_mut().zip(&block).for_each(|(s, &x)| *s += f64::from(x));
    }
}
