//! Average pooling: the mean of each window, with or without the zeros of the padding in the count.

use super::pool::{self, Window};
use super::{At, Dots, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, arity};
use crate::base::{Flat, tensor};

/// The mean of each window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AvgPool {
    /// The windows.
    pub window: Window,
    /// Whether the padding counts.
    pub count_pad: bool,
}

impl AvgPool {
    /// By output: one over the number of pixels.
    fn weights(&self, x: &[usize], y: &[usize]) -> Vec<f32> {
        let all = (self.window.kernel[0] * self.window.kernel[1]) as f32;
        let mut counts = vec![0.0; tensor::count(y)];
        self.window.visit(x, y, |to, _| counts[to] += 1.0);
        counts.into_iter().map(|n: f32| if self.count_pad { 1.0 / all } else { 1.0 / n.max(1.0) }).collect()
    }

    fn average(&self, x: &Tensor) -> Result<Tensor> {
        let shape = self.window.infer(x.shape())?;
        let mut y = vec![0.0f32; tensor::count(&shape)];
        self.window.visit(x.shape(), &shape, |to, from| y[to] += x.flat()[from]);
        y.iter_mut().zip(self.weights(x.shape(), &shape)).for_each(|(y, w)| *y *= w);
        tensor::from_vec(&shape, y)
    }
}

impl Op for AvgPool {
    fn kind(&self) -> &'static str {
        "AveragePool"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        arity(ins, 1..=1)?;
        self.window.infer(ins[0])
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        Ok(self.average(ins[0])?.into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        let mut dx = tensor::zeros(at.ins[0].shape());
        let (out, g) = (dx.flat_mut(), grad.flat());
        let weights = self.weights(at.ins[0].shape(), at.y.shape());
        self.window.visit(at.ins[0].shape(), at.y.shape(), |to, from| out[from] += g[to] * weights[to]);
        Ok(vec![Some(dx)])
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        dots[0].map_or_else(|| Ok(tensor::zeros(at.y.shape())), |dot| self.average(dot))
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
        let x = tensor::from_vec(&[1, 1, 2, 2], vec![1.0, 2.0, 3.0, 6.0]).expect("four numbers");
        let window = Window { kernel: [2, 2], stride: [2, 2], pad: [1, 1] };
        let y = |count_pad| AvgPool { window, count_pad }.forward(&[&x], Mode::EVAL).expect("fits").y;
        assert_eq!(y(true).flat(), [0.25, 0.5, 0.75, 1.5]);
        assert_eq!(y(false).flat(), [1.0, 2.0, 3.0, 6.0]);
    }
}
