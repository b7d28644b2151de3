//! Linear: y = x Wᵀ + b for x `[..., in]`, W `[out, in]`, b `[out]`.
//!
//! x may have any number of axes in front; they count as one batch.

use super::{At, Dots, Error, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, accumulate, arity};
use crate::base::{Flat, tensor};
use crate::graph::couple::Side;
use crate::kernel::gemm::{Matrix, matmul};

/// A fully connected layer. Inputs: x, W and, if there is one, b.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Linear;

/// (batch, in, out) of a layer.
fn sizes(x: &[usize], w: &[usize]) -> (usize, usize, usize) {
    (x[..x.len() - 1].iter().product(), w[1], w[0])
}

/// x Wᵀ.
fn product(x: &Tensor, w: &Tensor) -> Tensor {
    let (n, i, o) = sizes(x.shape(), w.shape());
    let mut shape = x.shape().to_vec();
    shape[x.ndim() - 1] = o;
    let mut y = tensor::zeros(&shape);
    matmul(n, o, i, &Matrix::rows(x.flat(), i), &Matrix::transposed(w.flat(), i), y.flat_mut(), false);
    y
}

fn add_bias(y: &mut Tensor, b: &Tensor) {
    let b = b.flat();
    y.flat_mut().chunks_mut(b.len()).for_each(|row| row.iter_mut().zip(b).for_each(|(y, b)| *y += b));
}

/// (dx, dW) at (x, W).
fn pull(x: &Tensor, w: &Tensor, grad: &Tensor) -> (Tensor, Tensor) {
    let (n, i, o) = sizes(x.shape(), w.shape());
    let (mut dx, mut dw) = (tensor::zeros(x.shape()), tensor::zeros(w.shape()));
    matmul(n, i, o, &Matrix::rows(grad.flat(), o), &Matrix::rows(w.flat(), i), dx.flat_mut(), false);
    matmul(o, i, n, &Matrix::transposed(grad.flat(), o), &Matrix::rows(x.flat(), i), dw.flat_mut(), false);
    (dx, dw)
}

/// Sum of the gradient over the batch, by output.
fn pull_bias(grad: &Tensor, outputs: usize) -> Result<Tensor> {
    let mut sums = vec![0.0f64; outputs];
    for row in grad.flat().chunks(outputs) {
        sums.iter_mut().zip(row).for_each(|(s, &g)| *s += f64::from(g));
    }
    tensor::from_vec(&[outputs], sums.into_iter().map(|s| s as f32).collect())
}

impl Op for Linear {
    fn kind(&self) -> &'static str {
        "Gemm"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        arity(ins, 2..=3)?;
        let (x, w) = (ins[0], ins[1]);
        if w.len() != 2 || x.last() != Some(&w[1]) {
            return Err(Error::shape("input of a linear layer", [w.last().copied().unwrap_or(0)], x));
        }
        if let Some(b) = ins.get(2).filter(|b| **b != [w[0]]) {
            return Err(Error::shape("bias", [w[0]], b));
        }
        let mut shape = x.to_vec();
        shape[x.len() - 1] = w[0];
        Ok(shape)
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        let mut y = product(ins[0], ins[1]);
        if let Some(b) = ins.get(2) {
            add_bias(&mut y, b);
        }
        Ok(y.into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        let (dx, dw) = pull(at.ins[0], at.ins[1], grad);
        let mut grads = vec![Some(dx), Some(dw)];
        if at.ins.len() == 3 {
            grads.push(Some(pull_bias(grad, at.ins[1].shape()[0])?));
        }
        Ok(grads)
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        let mut y = None;
        if let Some(x) = dots[0] {
            accumulate(&mut y, product(x, at.ins[1]));
        }
        if let Some(w) = dots[1] {
            accumulate(&mut y, product(at.ins[0], w));
        }
        let mut y = y.unwrap_or_else(|| tensor::zeros(at.y.shape()));
        if let Some(Some(b)) = dots.get(2) {
            add_bias(&mut y, b);
        }
        Ok(y)
    }

    fn backward_tangent(&self, at: At, dots: &Dots, grad: &Tensor, grad_dot: &Tensor) -> Result<Grads> {
        let mut grads = self.backward(at, grad_dot)?;
        let (x, w) = (dots[0].unwrap_or(at.ins[0]), dots[1].unwrap_or(at.ins[1]));
        let (dx, dw) = pull(x, w, grad);
        if dots[1].is_some() {
            accumulate(&mut grads[0], dx);
        }
        if dots[0].is_some() {
            accumulate(&mut grads[1], dw);
        }
        Ok(grads)
    }

    fn weights(&self) -> &'static [usize] {
        &[1]
    }

    fn couple(&self, ties: &mut Ties) {
        // Only [N, in] has its features on axis 1, where the neighbours look for channels.
        let last = ties.rank(Side::In(0)) - 1;
        ties.same((Side::In(0), last), (Side::In(1), 1));
        ties.same((Side::In(1), 0), (Side::Out, last));
        if ties.inputs() == 3 {
            ties.same((Side::In(1), 0), (Side::In(2), 0));
        }
    }

    fn macs(&self, ins: &[&[usize]], _: &[usize]) -> u64 {
        let (n, i, o) = sizes(ins[0], ins[1]);
        (n * i * o) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let t = |shape: &[usize], data: &[f32]| tensor::from_vec(shape, data.to_vec()).expect("a test's own shape");
        let (x, w, b) = (t(&[1, 2], &[1.0, 2.0]), t(&[2, 2], &[1.0, 0.0, 3.0, -1.0]), t(&[2], &[0.5, 0.0]));
        let y = Linear.forward(&[&x, &w, &b], Mode::EVAL).expect("shapes fit").y;
        assert_eq!(y.flat(), [1.5, 1.0]);
        let g = t(&[1, 2], &[1.0, 2.0]);
        let at = At { ins: &[&x, &w, &b], y: &y, saved: &[], mode: Mode::EVAL };
        let grads = Linear.backward(at, &g).expect("shapes fit");
        let flat = |i: usize| grads[i].as_ref().map(|t: &Tensor| t.flat().to_vec());
        assert_eq!(flat(0), Some(vec![7.0, -2.0]));
        assert_eq!(flat(1), Some(vec![1.0, 2.0, 2.0, 4.0]));
        assert_eq!(flat(2), Some(vec![1.0, 2.0]));
        assert_eq!(Linear.macs(&[&[1, 2], &[2, 2]], &[1, 2]), 4);
    }
}
