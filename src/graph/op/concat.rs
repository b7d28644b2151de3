//! Values side by side along an axis.

use ndarray::{Axis, Slice, concatenate};

use super::{At, Dots, Error, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties};
use crate::base::tensor;
use crate::graph::couple::Side;

/// Any number of values, joined along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Concat {
    /// The axis.
    pub axis: usize,
}

impl Concat {
    fn join(&self, parts: &[&Tensor]) -> Result<Tensor> {
        let views: Vec<_> = parts.iter().map(|x| x.view()).collect();
        let joined = concatenate(Axis(self.axis), &views).map_err(|e| Error::unsupported(e.to_string()))?;
        Ok(joined.as_standard_layout().into_owned())
    }
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
        Ok(self.join(ins)?.into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        let mut start = 0;
        let parts = at.ins.iter().map(|x| {
            let end = start + x.shape()[self.axis];
            let part = grad.slice_axis(Axis(self.axis), Slice::from(start..end)).as_standard_layout().into_owned();
            start = end;
            Some(part)
        });
        Ok(parts.collect())
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        let zeros: Vec<Tensor> = at.ins.iter().map(|x| tensor::zeros(x.shape())).collect();
        let parts: Vec<&Tensor> = dots.iter().zip(&zeros).map(|(dot, zero)| dot.unwrap_or(zero)).collect();
        self.join(&parts)
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
