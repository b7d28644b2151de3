//! Sum of two values, with broadcasting: residual connections.

use super::{At, Dots, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, arity, broadcast};
use crate::base::tensor;

/// a + b.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Add;

impl Op for Add {
    fn kind(&self) -> &'static str {
        "Add"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        arity(ins, 2..=2)?;
        broadcast::shape(ins[0], ins[1])
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        let shape = broadcast::shape(ins[0].shape(), ins[1].shape())?;
        let mut y = broadcast::expand(ins[0], &shape)?;
        tensor::add(&mut y, &broadcast::expand(ins[1], &shape)?);
        Ok(y.into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        Ok(at.ins.iter().map(|x| Some(broadcast::reduce(grad.clone(), x.shape()))).collect())
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        let mut out = tensor::zeros(at.y.shape());
        for dot in dots.iter().flatten() {
            tensor::add(&mut out, &broadcast::expand(dot, at.y.shape())?);
        }
        Ok(out)
    }

    fn couple(&self, ties: &mut Ties) {
        broadcast::couple(ties);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Flat;

    #[test]
    fn by_hand() {
        let a = tensor::from_vec(&[2, 2], vec![1.0, 2.0, 3.0, 4.0]).expect("four numbers");
        let b = tensor::from_vec(&[2], vec![10.0, 20.0]).expect("two numbers");
        let y = Add.forward(&[&a, &b], Mode::EVAL).expect("fits").y;
        assert_eq!(y.flat(), [11.0, 22.0, 13.0, 24.0]);
        let at = At { ins: &[&a, &b], y: &y, saved: &[], mode: Mode::EVAL };
        let grads = Add.backward(at, &a).expect("fits");
        assert_eq!(grads[1].as_ref().map(|g| g.flat().to_vec()), Some(vec![4.0, 6.0]));
    }
}
