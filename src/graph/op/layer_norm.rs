//! Layer normalisation over the last axis: y = γ (x - μ) / sqrt(σ² + ε) + β, the variance biased (Ba et al., 2016).
//!
//! Inputs: x `[..., D]`, γ and β `[D]`. Every row has statistics of its own, in training as in evaluation.

use super::{At, Dots, Error, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, arity};
use crate::base::{Flat, math, tensor};
use crate::graph::couple::Side;

/// Layer normalisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNorm {
    /// Added to the variance.
    pub epsilon: f32,
}

impl Default for LayerNorm {
    fn default() -> Self {
        Self { epsilon: 1e-5 }
    }
}

/// Numbers of a row.
fn width(x: &Tensor) -> usize {
    x.shape()[x.ndim() - 1]
}

/// y ← f(position in the row, row's number, y) for every number, in order.
fn each(y: &mut Tensor, mut f: impl FnMut(usize, usize, &mut f32)) {
    let d = width(y);
    for (row, y) in y.flat_mut().chunks_mut(d).enumerate() {
        y.iter_mut().enumerate().for_each(|(i, y)| f(i, row, y));
    }
}

/// By row: the mean of a product.
fn means(a: &Tensor, b: &Tensor) -> Vec<f32> {
    let d = width(a);
    a.flat().chunks(d).zip(b.flat().chunks(d)).map(|(a, b)| (math::dot(a, b) / d as f64) as f32).collect()
}

/// What a row's centre and spread take off a gradient: g - mean(g) - x̂ mean(g x̂).
fn project(g: &Tensor, hat: &Tensor) -> Tensor {
    let d = width(g);
    let (along, mut out) = (means(g, hat), g.clone());
    for ((g, hat), along) in out.flat_mut().chunks_mut(d).zip(hat.flat().chunks(d)).zip(along) {
        let mean = (math::sum(g) / d as f64) as f32;
        g.iter_mut().zip(hat).for_each(|(g, h)| *g -= mean + h * along);
    }
    out
}

/// Every row times a number of its own.
fn scaled(mut x: Tensor, by: &[f32]) -> Tensor {
    each(&mut x, |_, row, x| *x *= by[row]);
    x
}

/// Every row times the same row.
fn times(mut x: Tensor, by: &Tensor) -> Tensor {
    let by = by.flat();
    each(&mut x, |i, _, x| *x *= by[i]);
    x
}

/// The sum of all rows of a, or of a times b.
fn total(a: &Tensor, b: Option<&Tensor>) -> Result<Tensor> {
    let d = width(a);
    let mut sums = vec![0.0f64; d];
    let rows = a.flat().chunks(d);
    match b {
        Some(b) => rows.zip(b.flat().chunks(d)).for_each(|(a, b)| {
            sums.iter_mut().zip(a).zip(b).for_each(|((s, &a), &b)| *s += f64::from(a) * f64::from(b));
        }),
        None => rows.for_each(|a| sums.iter_mut().zip(a).for_each(|(s, &a)| *s += f64::from(a))),
    }
    tensor::from_vec(&[d], sums.into_iter().map(|s| s as f32).collect())
}

impl LayerNorm {
    /// x̂ = (x - μ) / sqrt(σ² + ε), and by row 1 / sqrt(σ² + ε).
    fn normalised(&self, x: &Tensor) -> (Tensor, Vec<f32>) {
        let (d, mut hat, mut inverse) = (width(x), x.clone(), Vec::new());
        for row in hat.flat_mut().chunks_mut(d) {
            let mean = math::sum(row) / d as f64;
            row.iter_mut().for_each(|x| *x = (f64::from(*x) - mean) as f32);
            let variance = math::dot(row, row) / d as f64;
            let r = (1.0 / (variance + f64::from(self.epsilon)).sqrt()) as f32;
            row.iter_mut().for_each(|x| *x *= r);
            inverse.push(r);
        }
        (hat, inverse)
    }

    /// The tangent of x̂, given that of x.
    fn turn(x_dot: &Tensor, hat: &Tensor, inverse: &[f32]) -> Tensor {
        scaled(project(x_dot, hat), inverse)
    }
}

impl Op for LayerNorm {
    fn kind(&self) -> &'static str {
        "LayerNormalization"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        arity(ins, 3..=3)?;
        let d = ins[0].last().copied().unwrap_or(0);
        match ins[1..].iter().find(|p| **p != [d]) {
            Some(p) => Err(Error::shape("scale or shift of a layer norm", [d], p)),
            None => Ok(ins[0].to_vec()),
        }
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        let (mut y, _) = self.normalised(ins[0]);
        let (scale, shift) = (ins[1].flat(), ins[2].flat());
        each(&mut y, |i, _, y| *y = *y * scale[i] + shift[i]);
        Ok(y.into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        let (hat, inverse) = self.normalised(at.ins[0]);
        let dx = scaled(project(&times(grad.clone(), at.ins[1]), &hat), &inverse);
        Ok(vec![Some(dx), Some(total(grad, Some(&hat))?), Some(total(grad, None)?)])
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        let (hat, inverse) = self.normalised(at.ins[0]);
        let mut y = match dots[0] {
            Some(x) => times(Self::turn(x, &hat, &inverse), at.ins[1]),
            None => tensor::zeros(at.y.shape()),
        };
        if let Some(scale) = dots[1] {
            tensor::add(&mut y, &times(hat, scale));
        }
        if let Some(shift) = dots[2] {
            let shift = shift.flat();
            each(&mut y, |i, _, y| *y += shift[i]);
        }
        Ok(y)
    }

    fn backward_tangent(&self, at: At, dots: &Dots, grad: &Tensor, grad_dot: &Tensor) -> Result<Grads> {
        let (hat, inverse) = self.normalised(at.ins[0]);
        // u = g γ is what reaches x̂, u' its tangent.
        let u = times(grad.clone(), at.ins[1]);
        let mut u_dot = times(grad_dot.clone(), at.ins[1]);
        if let Some(scale) = dots[1] {
            tensor::add(&mut u_dot, &times(grad.clone(), scale));
        }
        let mut dx = scaled(project(&u_dot, &hat), &inverse);
        let mut dscale = total(grad_dot, Some(&hat))?;
        if let Some(x) = dots[0] {
            let hat_dot = Self::turn(x, &hat, &inverse);
            // r' = -r² mean(x̂ x'), and the projection turns with x̂.
            let slope: Vec<f32> = means(&hat, x).iter().zip(&inverse).map(|(m, r)| -r * r * m).collect();
            tensor::add(&mut dx, &scaled(project(&u, &hat), &slope));
            let (along, turned) = (means(&u, &hat), means(&u, &hat_dot));
            let (hats, dots) = (hat.flat(), hat_dot.flat());
            let d = width(&hat);
            each(&mut dx, |i, row, dx| {
                let at = row * d + i;
                *dx -= inverse[row] * (dots[at] * along[row] + hats[at] * turned[row]);
            });
            tensor::add(&mut dscale, &total(grad, Some(&hat_dot))?);
        }
        Ok(vec![Some(dx), Some(dscale), Some(total(grad_dot, None)?)])
    }

    fn couple(&self, ties: &mut Ties) {
        // A row's mean and spread depend on every feature: without one of them the others would change.
        ties.whole_rows();
        let last = ties.rank(Side::Out) - 1;
        for side in [Side::In(1), Side::In(2)] {
            ties.same((Side::In(0), last), (side, 0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let t = |shape: &[usize], data: &[f32]| tensor::from_vec(shape, data.to_vec()).expect("a test's own shape");
        let (x, scale, shift) = (t(&[1, 2, 2], &[1.0, 3.0, 0.0, 0.0]), t(&[2], &[2.0, 1.0]), t(&[2], &[0.0, 5.0]));
        let y = LayerNorm::default().forward(&[&x, &scale, &shift], Mode::EVAL).expect("fits").y;
        assert!((y[[0, 0, 0]] + 2.0).abs() < 1e-4 && (y[[0, 0, 1]] - 6.0).abs() < 1e-4, "{y}");
        assert_eq!(y.flat()[2..], [0.0, 5.0], "a constant row has no spread");
        assert!(LayerNorm::default().infer(&[&[1, 3], &[2], &[2]]).is_err());
    }
}
