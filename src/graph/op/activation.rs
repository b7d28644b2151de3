//! What all activations share: a curve with two derivatives, applied number by number.

use super::{At, Dots, Error, Grads, Pass, Result, Shape, Tensor, Ties};
use crate::base::{Flat, tensor};
use crate::graph::couple::Side;

/// A function of one number with its first and second derivative.
pub trait Curve {
    /// f(x).
    fn y(&self, x: f32) -> f32;
    /// f'(x).
    fn d(&self, x: f32) -> f32;
    /// f''(x); zero almost everywhere for curves made of straight pieces.
    fn dd(&self, x: f32) -> f32 {
        let _ = x;
        0.0
    }
    /// Each number becomes f of it. The loops are the curve's own, so that they know it; what is around them is there once.
    fn apply(&self, x: &mut [f32]) {
        x.iter_mut().for_each(|x| *x = self.y(*x));
    }
    /// Multiplies by f'(x), number by number.
    fn scale(&self, by: &mut [f32], x: &[f32]) {
        by.iter_mut().zip(x).for_each(|(v, &x)| *v *= self.d(x));
    }
    /// Adds g f''(x) v, number by number.
    fn bend(&self, to: &mut [f32], x: &[f32], v: &[f32], g: &[f32]) {
        to.iter_mut().zip(x.iter().zip(v).zip(g)).for_each(|(o, ((&x, &v), &g))| *o += g * self.dd(x) * v);
    }
}

pub(super) fn infer(ins: &[&[usize]]) -> Result<Shape> {
    super::arity(ins, 1..=1)?;
    Ok(ins[0].to_vec())
}

pub(super) fn forward(curve: &dyn Curve, x: &Tensor) -> Pass {
    let mut y = x.clone();
    curve.apply(y.flat_mut());
    y.into()
}

pub(super) fn backward(curve: &dyn Curve, at: At, grad: &Tensor) -> Result<Grads> {
    let mut dx = grad.clone();
    curve.scale(dx.flat_mut(), at.ins[0].flat());
    Ok(vec![Some(dx)])
}

pub(super) fn tangent(curve: &dyn Curve, at: At, dots: &Dots) -> Result<Tensor> {
    let Some(dot) = dots[0] else { return Ok(tensor::zeros(at.y.shape())) };
    let mut out = dot.clone();
    curve.scale(out.flat_mut(), at.ins[0].flat());
    Ok(out)
}

/// g' f'(x) + g f''(x) x'.
pub(super) fn backward_tangent(curve: &dyn Curve, at: At, dots: &Dots, grad: &Tensor, dot: &Tensor) -> Result<Grads> {
    let mut out = dot.clone();
    curve.scale(out.flat_mut(), at.ins[0].flat());
    if let Some(x_dot) = dots[0] {
        if x_dot.shape() != grad.shape() {
            return Err(Error::shape("tangent of an activation", grad.shape(), x_dot.shape()));
        }
        curve.bend(out.flat_mut(), at.ins[0].flat(), x_dot.flat(), grad.flat());
    }
    Ok(vec![Some(out)])
}

/// Every channel goes with itself.
pub(super) fn couple(ties: &mut Ties) {
    for axis in 1..ties.rank(Side::Out) {
        ties.same((Side::In(0), axis), (Side::Out, axis));
    }
}

/// Makes an operator of a curve: `curve!(Relu, "Relu")`.
macro_rules! curve {
    ($op:ty, $kind:literal) => {
        impl $crate::graph::op::Op for $op {
            fn kind(&self) -> &'static str {
                $kind
            }
            fn infer(&self, ins: &[&[usize]]) -> $crate::base::Result<$crate::base::Shape> {
                $crate::graph::op::activation::infer(ins)
            }
            fn forward(
                &self,
                ins: &[&$crate::base::Tensor],
                _: $crate::graph::op::Mode,
            ) -> $crate::base::Result<$crate::graph::op::Pass> {
                Ok($crate::graph::op::activation::forward(self, ins[0]))
            }
            fn backward(
                &self,
                at: $crate::graph::op::At,
                grad: &$crate::base::Tensor,
            ) -> $crate::base::Result<$crate::graph::op::Grads> {
                $crate::graph::op::activation::backward(self, at, grad)
            }
            fn tangent(
                &self,
                at: $crate::graph::op::At,
                dots: &$crate::graph::op::Dots,
            ) -> $crate::base::Result<$crate::base::Tensor> {
                $crate::graph::op::activation::tangent(self, at, dots)
            }
            fn backward_tangent(
                &self,
                at: $crate::graph::op::At,
                dots: &$crate::graph::op::Dots,
                grad: &$crate::base::Tensor,
                dot: &$crate::base::Tensor,
            ) -> $crate::base::Result<$crate::graph::op::Grads> {
                $crate::graph::op::activation::backward_tangent(self, at, dots, grad, dot)
            }
            fn keeps_zero(&self) -> bool {
                $crate::graph::op::activation::Curve::y(self, 0.0) == 0.0
            }
            fn couple(&self, ties: &mut $crate::graph::couple::Ties) {
                $crate::graph::op::activation::couple(ties)
            }
        }
    };
}
pub(super) use curve;

/// Checks the derivatives of a curve against central differences, away from kinks.
#[cfg(test)]
pub(super) fn check(curve: &impl Curve, points: &[f32]) {
    let h = 1e-2;
    for &x in points {
        let d = (curve.y(x + h) - curve.y(x - h)) / (2.0 * h);
        let dd = (curve.d(x + h) - curve.d(x - h)) / (2.0 * h);
        assert!((curve.d(x) - d).abs() < 2e-3, "f'({x}) = {} is not {d}", curve.d(x));
        assert!((curve.dd(x) - dd).abs() < 2e-3, "f''({x}) = {} is not {dd}", curve.dd(x));
    }
}
