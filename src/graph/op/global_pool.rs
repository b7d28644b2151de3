//! Global average pooling: [N, C, H, W] to [N, C, 1, 1].

use super::{At, Dots, Error, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, arity, pool};
use crate::base::{Flat, math, tensor};

/// The mean over all pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GlobalPool;

fn average(x: &Tensor) -> Result<Tensor> {
    let pixels = x.shape()[2] * x.shape()[3];
    let y = x.flat().chunks(pixels).map(|plane| (math::sum(plane) / pixels as f64) as f32).collect();
    tensor::from_vec(&[x.shape()[0], x.shape()[1], 1, 1], y)
}

impl Op for GlobalPool {
    fn kind(&self) -> &'static str {
        "GlobalAveragePool"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        arity(ins, 1..=1)?;
        match ins[0] {
            &[n, c, _, _] => Ok(vec![n, c, 1, 1]),
            x => Err(Error::shape("input of a global pool", "[N, C, H, W]", x)),
        }
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        Ok(average(ins[0])?.into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        let mut dx = tensor::zeros(at.ins[0].shape());
        let pixels = at.ins[0].shape()[2] * at.ins[0].shape()[3];
        for (plane, g) in dx.flat_mut().chunks_mut(pixels).zip(grad.flat()) {
            plane.fill(g / pixels as f32);
        }
        Ok(vec![Some(dx)])
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        dots[0].map_or_else(|| Ok(tensor::zeros(at.y.shape())), average)
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
        let x = tensor::from_vec(&[1, 2, 1, 2], vec![1.0, 3.0, 5.0, 5.0]).expect("four numbers");
        assert_eq!(GlobalPool.forward(&[&x], Mode::EVAL).expect("fits").y.flat(), [2.0, 5.0]);
    }
}
