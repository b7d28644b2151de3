//! How strong each channel is: the mean over pixels of |x|, [N, C, H, W] to [N, C].

use super::{At, Dots, Error, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, arity};
use crate::base::{Flat, tensor};
use crate::graph::couple::Side;

/// The mean over all pixels of the absolute value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AbsMean;

/// The mean of sign(x) v over every plane of x; at zero the sign is 0, as in PyTorch.
fn slope(x: &Tensor, direction: &Tensor) -> Result<Tensor> {
    let pixels = x.shape()[2] * x.shape()[3];
    let planes = x.flat().chunks(pixels).zip(direction.flat().chunks(pixels));
    let mean = |(x, v): (&[f32], &[f32])| {
        let sum: f64 = x.iter().zip(v).map(|(&x, &v)| f64::from(sign(x) * v)).sum();
        (sum / pixels as f64) as f32
    };
    tensor::from_vec(&x.shape()[..2], planes.map(mean).collect())
}

fn sign(x: f32) -> f32 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

impl Op for AbsMean {
    fn kind(&self) -> &'static str {
        "AbsMean"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        arity(ins, 1..=1)?;
        match ins[0] {
            &[n, c, _, _] => Ok(vec![n, c]),
            x => Err(Error::shape("input of a mean of absolute values", "[N, C, H, W]", x)),
        }
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        Ok(slope(ins[0], ins[0])?.into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        let x = at.ins[0];
        let pixels = x.shape()[2] * x.shape()[3];
        let mut dx = tensor::map(x, sign);
        for (plane, g) in dx.flat_mut().chunks_mut(pixels).zip(grad.flat()) {
            plane.iter_mut().for_each(|x| *x *= g / pixels as f32);
        }
        Ok(vec![Some(dx)])
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        dots[0].map_or_else(|| Ok(tensor::zeros(at.y.shape())), |dot| slope(at.ins[0], dot))
    }

    fn keeps_zero(&self) -> bool {
        true
    }

    fn couple(&self, ties: &mut Ties) {
        ties.same((Side::In(0), 1), (Side::Out, 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let x = tensor::from_vec(&[1, 2, 1, 2], vec![1.0, -3.0, 0.0, -5.0]).expect("four numbers");
        let y = AbsMean.forward(&[&x], Mode::EVAL).expect("fits").y;
        assert_eq!(y.flat(), [2.0, 2.5]);
        let at = At { ins: &[&x], y: &y, saved: &[], mode: Mode::EVAL };
        let grads = AbsMean.backward(at, &tensor::full(&[1, 2], 4.0)).expect("fits");
        assert_eq!(grads[0].as_ref().map(|g| g.flat().to_vec()), Some(vec![2.0, -2.0, 0.0, -2.0]));
    }
}
