//! Flatten: [N, C, H, W] to [N, C H W]. A channel becomes a run of features.

use super::{At, Dots, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, arity, reshape};
use crate::base::tensor;
use crate::graph::couple::Side;

/// All axes after the batch as one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Flatten;

impl Op for Flatten {
    fn kind(&self) -> &'static str {
        "Flatten"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        arity(ins, 1..=1)?;
        Ok(vec![ins[0][0], tensor::count(&ins[0][1..])])
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        Ok(reshape::with_shape(ins[0], &self.infer(&[ins[0].shape()])?)?.into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        Ok(vec![Some(reshape::with_shape(grad, at.ins[0].shape())?)])
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        dots[0].map_or_else(|| Ok(tensor::zeros(at.y.shape())), |dot| reshape::with_shape(dot, at.y.shape()))
    }

    fn keeps_zero(&self) -> bool {
        true
    }

    fn couple(&self, ties: &mut Ties) {
        let run = ties.len((Side::Out, 1)) / ties.len((Side::In(0), 1));
        ties.map((Side::In(0), 1), (Side::Out, 1), |c| c * run..(c + 1) * run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(Flatten.infer(&[&[5, 2, 3, 4]]).ok(), Some(vec![5, 24]));
    }
}
