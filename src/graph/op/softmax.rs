//! Softmax over the last axis: y = e^(x - max) / Σ e^(x - max).

use super::{At, Dots, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, activation};
use crate::base::{Flat, math, tensor};

/// Shares that sum to one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Softmax;

/// Softmax of every row of the last axis.
pub fn softmax(x: &Tensor) -> Tensor {
    let mut y = x.clone();
    let n = x.shape()[x.ndim() - 1];
    for row in y.flat_mut().chunks_mut(n) {
        let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        row.iter_mut().for_each(|v| *v = math::exp(*v - max));
        let total: f32 = row.iter().sum();
        row.iter_mut().for_each(|v| *v /= total);
    }
    y
}

/// J g = y ∘ (g - Σ y g): the Jacobian is symmetric, so this is both its product and its transpose's.
fn jacobian(y: &Tensor, g: &Tensor) -> Tensor {
    let mut out = g.clone();
    let n = y.shape()[y.ndim() - 1];
    for (out, y) in out.flat_mut().chunks_mut(n).zip(y.flat().chunks(n)) {
        let mean = math::dot(out, y) as f32;
        out.iter_mut().zip(y).for_each(|(g, y)| *g = y * (*g - mean));
    }
    out
}

impl Op for Softmax {
    fn kind(&self) -> &'static str {
        "Softmax"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        activation::infer(ins)
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        Ok(softmax(ins[0]).into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        Ok(vec![Some(jacobian(at.y, grad))])
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        Ok(dots[0].map_or_else(|| tensor::zeros(at.y.shape()), |dot| jacobian(at.y, dot)))
    }

    fn backward_tangent(&self, at: At, dots: &Dots, grad: &Tensor, grad_dot: &Tensor) -> Result<Grads> {
        let mut out = jacobian(at.y, grad_dot);
        if let Some(dot) = dots[0] {
            // d/dt [y (g - y·g)] = y' (g - y·g) - y (y'·g).
            let y_dot = jacobian(at.y, dot);
            let n = at.y.shape()[at.y.ndim() - 1];
            let rows = out.flat_mut().chunks_mut(n).zip(at.y.flat().chunks(n));
            for (((out, y), v), g) in rows.zip(y_dot.flat().chunks(n)).zip(grad.flat().chunks(n)) {
                let (along, turn) = (math::dot(y, g) as f32, math::dot(v, g) as f32);
                for i in 0..n {
                    out[i] += v[i] * (g[i] - along) - y[i] * turn;
                }
            }
        }
        Ok(vec![Some(out)])
    }

    fn couple(&self, ties: &mut Ties) {
        // A share depends on all others: removing one changes the rest.
        ties.whole_rows();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let x = tensor::from_vec(&[1, 2], vec![1000.0, 1000.0 + 3.0f32.ln()]).expect("two numbers");
        let y = softmax(&x);
        assert!((y[[0, 0]] - 0.25).abs() < 1e-4 && (y[[0, 1]] - 0.75).abs() < 1e-4, "{y}");
    }
}
