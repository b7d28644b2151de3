//! Reshape: other extents after the batch, the same numbers in the same order.

use ndarray::IxDyn;

use super::{At, Dots, Error, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, arity};
use crate::base::tensor;
use crate::graph::couple::Side;

/// Extents after the batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Reshape {
    /// The new extents, without the batch.
    pub shape: Shape,
}

pub(super) fn with_shape(x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    x.clone().into_shape_with_order(IxDyn(shape)).map_err(|_| Error::shape("reshape", shape, x.shape()))
}

impl Op for Reshape {
    fn kind(&self) -> &'static str {
        "Reshape"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        arity(ins, 1..=1)?;
        if tensor::count(&self.shape) != tensor::count(&ins[0][1..]) {
            return Err(Error::shape("reshape", &self.shape, &ins[0][1..]));
        }
        Ok(std::iter::once(ins[0][0]).chain(self.shape.iter().copied()).collect())
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        Ok(with_shape(ins[0], &self.infer(&[ins[0].shape()])?)?.into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        Ok(vec![Some(with_shape(grad, at.ins[0].shape())?)])
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        dots[0].map_or_else(|| Ok(tensor::zeros(at.y.shape())), |dot| with_shape(dot, at.y.shape()))
    }

    fn keeps_zero(&self) -> bool {
        true
    }

    fn couple(&self, ties: &mut Ties) {
        // The extents are fixed numbers: removing a channel would make them wrong.
        for side in [Side::In(0), Side::Out] {
            for axis in 1..ties.rank(side) {
                ties.pin((side, axis));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let op = Reshape { shape: vec![3, 2] };
        assert_eq!(op.infer(&[&[4, 6]]).ok(), Some(vec![4, 3, 2]));
        assert!(op.infer(&[&[4, 7]]).is_err());
    }
}
