//! Max pooling: the greatest number of each window; the first one where several are equal.

use super::pool::{self, Window};
use super::{At, Dots, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, arity};
use crate::base::{Flat, tensor};

/// The greatest number of each window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxPool {
    /// The windows.
    pub window: Window,
}

impl MaxPool {
    /// By output: the input it came from.
    fn winners(&self, x: &Tensor, y: &[usize]) -> Vec<usize> {
        let mut winners = vec![usize::MAX; tensor::count(y)];
        let data = x.flat();
        self.window.visit(x.shape(), y, |to, from| {
            let best = &mut winners[to];
            if *best == usize::MAX || data[from] > data[*best] {
                *best = from;
            }
        });
        winners
    }
}

impl Op for MaxPool {
    fn kind(&self) -> &'static str {
        "MaxPool"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        arity(ins, 1..=1)?;
        self.window.infer(ins[0])
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        let shape = self.window.infer(ins[0].shape())?;
        let data = ins[0].flat();
        let y = self.winners(ins[0], &shape).into_iter().map(|i| data[i]).collect();
        Ok(tensor::from_vec(&shape, y)?.into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        let mut dx = tensor::zeros(at.ins[0].shape());
        let out = dx.flat_mut();
        for (from, g) in self.winners(at.ins[0], at.y.shape()).into_iter().zip(grad.flat()) {
            out[from] += g;
        }
        Ok(vec![Some(dx)])
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        let Some(dot) = dots[0] else { return Ok(tensor::zeros(at.y.shape())) };
        let dot = dot.flat();
        tensor::from_vec(at.y.shape(), self.winners(at.ins[0], at.y.shape()).into_iter().map(|i| dot[i]).collect())
    }

    fn keeps_zero(&self) -> bool {
        true
    }

    fn couple(&self, ties: &mut Ties) {
        pool::couple(ties);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let op = MaxPool { window: Window::square(2) };
        let x = tensor::from_vec(&[1, 1, 2, 4], vec![1.0, 5.0, 2.0, 2.0, 3.0, 0.0, 2.0, 1.0]).expect("eight numbers");
        let y = op.forward(&[&x], Mode::EVAL).expect("fits").y;
        assert_eq!(y.flat(), [5.0, 2.0]);
        let at = At { ins: &[&x], y: &y, saved: &[], mode: Mode::EVAL };
        let g = tensor::from_vec(&[1, 1, 1, 2], vec![1.0, 2.0]).expect("two numbers");
        let dx = op.backward(at, &g).expect("fits").remove(0).expect("x has a gradient");
        assert_eq!(dx.flat(), [0.0, 1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }
}
