//! Product of two values, with broadcasting: gates and attention over channels.

use super::{At, Dots, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, accumulate, arity, broadcast};
use crate::base::tensor;

/// a b, number by number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mul;

fn product(a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor> {
    Ok(tensor::zip(&broadcast::expand(a, shape)?, &broadcast::expand(b, shape)?, |a, b| a * b))
}

impl Op for Mul {
    fn kind(&self) -> &'static str {
        "Mul"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        arity(ins, 2..=2)?;
        broadcast::shape(ins[0], ins[1])
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        let shape = broadcast::shape(ins[0].shape(), ins[1].shape())?;
        Ok(product(ins[0], ins[1], &shape)?.into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        let pull = |i: usize| -> Result<Option<Tensor>> {
            let full = product(grad, at.ins[1 - i], grad.shape())?;
            Ok(Some(broadcast::reduce(full, at.ins[i].shape())))
        };
        Ok(vec![pull(0)?, pull(1)?])
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        let mut out = tensor::zeros(at.y.shape());
        for i in 0..2 {
            if let Some(dot) = dots[i] {
                tensor::add(&mut out, &product(dot, at.ins[1 - i], at.y.shape())?);
            }
        }
        Ok(out)
    }

    fn backward_tangent(&self, at: At, dots: &Dots, grad: &Tensor, grad_dot: &Tensor) -> Result<Grads> {
        let mut grads = self.backward(at, grad_dot)?;
        for i in 0..2 {
            if let Some(other) = dots[1 - i] {
                let full = product(grad, other, grad.shape())?;
                accumulate(&mut grads[i], broadcast::reduce(full, at.ins[i].shape()));
            }
        }
        Ok(grads)
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
        let a = tensor::from_vec(&[1, 2], vec![2.0, 3.0]).expect("two numbers");
        let b = tensor::from_vec(&[1, 2], vec![5.0, 7.0]).expect("two numbers");
        let y = Mul.forward(&[&a, &b], Mode::EVAL).expect("fits").y;
        assert_eq!(y.flat(), [10.0, 21.0]);
        let at = At { ins: &[&a, &b], y: &y, saved: &[], mode: Mode::EVAL };
        let grads = Mul.backward(at, &tensor::full(&[1, 2], 1.0)).expect("fits");
        assert_eq!(grads[0].as_ref().map(|g| g.flat().to_vec()), Some(vec![5.0, 7.0]));
    }
}
