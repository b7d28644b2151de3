//! The input itself.

use super::{At, Dots, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, activation};
use crate::base::tensor;

/// y = x.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Identity;

impl Op for Identity {
    fn kind(&self) -> &'static str {
        "Identity"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        activation::infer(ins)
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        Ok(ins[0].clone().into())
    }

    fn backward(&self, _: At, grad: &Tensor) -> Result<Grads> {
        Ok(vec![Some(grad.clone())])
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        Ok(dots[0].cloned().unwrap_or_else(|| tensor::zeros(at.y.shape())))
    }

    fn keeps_zero(&self) -> bool {
        true
    }

    fn couple(&self, ties: &mut Ties) {
        activation::couple(ties);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let x = tensor::full(&[1, 3], 2.0);
        assert_eq!(Identity.forward(&[&x], Mode::EVAL).expect("fits").y, x);
    }
}
