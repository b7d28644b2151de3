//! The mean over tokens: [N, T, D] to [N, D].

use super::{At, Dots, Error, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, arity};
use crate::base::{Flat, tensor};
use crate::graph::couple::Side;

/// The mean over all tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TokenMean;

fn average(x: &Tensor) -> Result<Tensor> {
    let &[n, t, d] = x.shape() else { return Err(Error::shape("tokens", "[N, T, D]", x.shape())) };
    let mut y = Vec::with_capacity(n * d);
    for tokens in x.flat().chunks(t * d) {
        let mut sums = vec![0.0f64; d];
        tokens.chunks(d).for_each(|row| sums.iter_mut().zip(row).for_each(|(s, &x)| *s += f64::from(x)));
        y.extend(sums.into_iter().map(|s| (s / t as f64) as f32));
    }
    tensor::from_vec(&[n, d], y)
}

impl Op for TokenMean {
    fn kind(&self) -> &'static str {
        "ReduceMean"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        arity(ins, 1..=1)?;
        match ins[0] {
            &[n, _, d] => Ok(vec![n, d]),
            x => Err(Error::shape("tokens", "[N, T, D]", x)),
        }
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        Ok(average(ins[0])?.into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        let (mut dx, d) = (tensor::zeros(at.ins[0].shape()), grad.shape()[1]);
        let t = at.ins[0].shape()[1];
        for (tokens, g) in dx.flat_mut().chunks_mut(t * d).zip(grad.flat().chunks(d)) {
            tokens.chunks_mut(d).for_each(|row| row.iter_mut().zip(g).for_each(|(x, g)| *x = g / t as f32));
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
        ties.same((Side::In(0), 2), (Side::Out, 1));
        ties.pin((Side::In(0), 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let x = tensor::from_vec(&[1, 2, 2], vec![1.0, 2.0, 3.0, 6.0]).expect("four numbers");
        assert_eq!(TokenMean.forward(&[&x], Mode::EVAL).expect("fits").y.flat(), [2.0, 4.0]);
    }
}
