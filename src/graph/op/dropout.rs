//! Dropout: in training each number is zeroed with probability p and the rest divided by 1 - p; nothing in evaluation.

use super::{At, Dots, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, activation};
use crate::base::{Rng, tensor};

/// Random zeros in training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// Probability of a zero.
    pub p: f32,
}

/// What each number is multiplied by.
fn factors(at: &At, g: &Tensor) -> Tensor {
    at.saved.first().map_or_else(|| g.clone(), |mask| g * mask)
}

impl Op for Dropout {
    fn kind(&self) -> &'static str {
        "Dropout"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        activation::infer(ins)
    }

    fn forward(&self, ins: &[&Tensor], mode: Mode) -> Result<Pass> {
        if !mode.train || self.p <= 0.0 {
            return Ok(ins[0].clone().into());
        }
        let mut rng = Rng::fork(mode.seed, "dropout");
        let mut mask = tensor::full(ins[0].shape(), 1.0 / (1.0 - self.p));
        mask.iter_mut().filter(|_| rng.uniform() < self.p).for_each(|m| *m = 0.0);
        Ok(Pass { y: tensor::zip(ins[0], &mask, |x, keep| x * keep), saved: vec![mask], updates: Vec::new() })
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        Ok(vec![Some(factors(&at, grad))])
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        Ok(dots[0].map_or_else(|| tensor::zeros(at.y.shape()), |dot| factors(&at, dot)))
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
    fn keeps_the_mean_and_is_off_in_evaluation() {
        let x = tensor::full(&[1, 10_000], 1.0);
        let op = Dropout { p: 0.25 };
        let mean = op.forward(&[&x], Mode::train(1)).expect("fits").y.mean().unwrap_or(0.0);
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
        assert_eq!(op.forward(&[&x], Mode::EVAL).expect("fits").y, x);
    }
}
