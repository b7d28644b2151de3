//! Tokens: [N, C, H, W] to [N, H W, C], a token for each pixel; a channel becomes a feature.

use super::{At, Dots, Error, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, arity};
use crate::base::{Flat, tensor};
use crate::graph::couple::Side;
use crate::kernel::rows;

/// Pixels as tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tokens;

/// [N, a, b] to [N, b, a], under a shape.
fn turned(x: &Tensor, [a, b]: [usize; 2], shape: &[usize]) -> Tensor {
    let mut y = tensor::zeros(shape);
    for (x, y) in x.flat().chunks(a * b).zip(y.flat_mut().chunks_mut(a * b)) {
        rows::turn(x, y, [a, b], [b, a]);
    }
    y
}

/// Channels and pixels of an image.
fn sizes(x: &[usize]) -> [usize; 2] {
    [x[1], x[2] * x[3]]
}

impl Op for Tokens {
    fn kind(&self) -> &'static str {
        "Tokens"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        arity(ins, 1..=1)?;
        match ins[0] {
            &[n, c, h, w] => Ok(vec![n, h * w, c]),
            x => Err(Error::shape("image to be read as tokens", "[N, C, H, W]", x)),
        }
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        Ok(turned(ins[0], sizes(ins[0].shape()), &self.infer(&[ins[0].shape()])?).into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        let [c, pixels] = sizes(at.ins[0].shape());
        Ok(vec![Some(turned(grad, [pixels, c], at.ins[0].shape()))])
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        let along = |dot: &Tensor| turned(dot, sizes(at.ins[0].shape()), at.y.shape());
        Ok(dots[0].map_or_else(|| tensor::zeros(at.y.shape()), along))
    }

    fn keeps_zero(&self) -> bool {
        true
    }

    fn couple(&self, ties: &mut Ties) {
        ties.same((Side::In(0), 1), (Side::Out, 2));
        ties.pin((Side::Out, 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let x = tensor::from_vec(&[1, 2, 1, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).expect("six numbers");
        let y = Tokens.forward(&[&x], Mode::EVAL).expect("fits").y;
        assert_eq!((y.shape(), y.flat()), (&[1, 3, 2][..], &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0][..]));
        let at = At { ins: &[&x], y: &y, saved: &[], mode: Mode::EVAL };
        assert_eq!(Tokens.backward(at, &y).expect("fits")[0].as_ref(), Some(&x), "there and back");
    }
}
