//! Values side by side along an axis.

use super::{At, Dots, Error, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties};
use crate::base::tensor;
use crate::graph::couple::Side;

/// Any number of values, joined along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Concat {
    /// The axis.
    pub axis: usize,
}

impl Op for Concat {
    fn kind(&self) -> &'static str {
        "Concat"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        let Some(first) = ins.first().filter(|x| self.axis < x.len()) else {
            return Err(Error::shape("inputs of a concat", "at least one value with the axis", ins));
        };
        let mut shape = first.to_vec();
        shape[self.axis] = 0;
        for x in ins {
            let fits = x.len() == shape.len() && (0..shape.len()).all(|a| a == self.axis || x[a] == first[a]);
            if !fits {
                return Err(Error::shape("input of a concat", first, x));
            }
            shape[self.axis] += x[self.axis];
        }
        Ok(shape)
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        Ok(tensor::join(ins, self.axis)?.into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        let (mut start, mut parts) = (0, Vec::with_capacity(at.ins.len()));
        for x in at.ins {
            let places: Vec<usize> = (start..start + x.shape()[self.axis]).collect();
            parts.push(Some(tensor::pick(grad, self.axis, &places)?));
            start += places.len();
        }
        Ok(parts)
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        let zeros: Vec<Tensor> = at.ins.iter().map(|x| tensor::zeros(x.shape())).collect();
        let parts: Vec<&Tensor> = dots.iter().zip(&zeros).map(|(dot, zero)| dot.unwrap_or(zero)).collect();
        tensor::join(&parts, self.axis)
    }

    fn couple(&self, ties: &mut Ties) {
        let mut offset = 0;
        for i in 0..ties.inputs() {
            for axis in 0..ties.rank(Side::Out) {
                let shift = if axis == self.axis { offset } else { 0 };
                ties.map((Side::In(i), axis), (Side::Out, axis), |j| j + shift..j + shift + 1);
            }
            offset += ties.len((Side::In(i), self.axis));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Flat;

    #[test]
    fn by_hand() {
        let a = tensor::from_vec(&[2, 1], vec![1.0, 2.0]).expect("two numbers");
        let b = tensor::from_vec(&[2, 2], vec![3.0, 4.0, 5.0, 6.0]).expect("four numbers");
        let y = Concat { axis: 1 }.forward(&[&a, &b], Mode::EVAL).expect("fits").y;
        assert_eq!(y.flat(), [1.0, 3.0, 4.0, 2.0, 5.0, 6.0]);
    }
}
