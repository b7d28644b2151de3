//! Batch normalisation over channels: y = γ (x - μ) / sqrt(σ² + ε) + β.
//!
//! Training takes μ and σ² (biased) from the batch and moves the running ones, the variance unbiased, as PyTorch does;
//! evaluation takes the running ones. Inputs: x `[N, C, ...]`, γ, β, running mean, running variance, each `[C]`.

use super::{At, Dots, Error, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, arity};
use crate::base::{Flat, math, tensor};
use crate::graph::couple::Side;

/// Batch normalisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm {
    /// Added to the variance.
    pub epsilon: f32,
    /// Share of the batch in the new running statistics.
    pub momentum: f32,
}

impl Default for BatchNorm {
    fn default() -> Self {
        Self { epsilon: 1e-5, momentum: 0.1 }
    }
}

/// Splits [N, C, ...] into (channels, pixels of a channel).
fn sizes(x: &Tensor) -> (usize, usize) {
    (x.shape()[1], tensor::count(&x.shape()[2..]))
}

/// Calls `f(channel, run)` for each run of one channel of one image.
fn planes(x: &Tensor) -> impl Iterator<Item = (usize, &[f32])> {
    let (c, pixels) = sizes(x);
    x.flat().chunks(pixels).enumerate().map(move |(i, plane)| (i % c, plane))
}

/// Sums over images and pixels, by channel, of what `f` makes of runs.
fn sums(channels: usize, runs: impl Iterator<Item = (usize, f64)>) -> Vec<f64> {
    let mut out = vec![0.0; channels];
    runs.for_each(|(c, s)| out[c] += s);
    out
}

/// Sum by channel of a product of two tensors.
fn inner(a: &Tensor, b: &Tensor) -> Vec<f64> {
    sums(sizes(a).0, planes(a).zip(planes(b)).map(|((c, a), (_, b))| (c, math::dot(a, b))))
}

/// Sum by channel.
fn total(a: &Tensor) -> Vec<f64> {
    sums(sizes(a).0, planes(a).map(|(c, a)| (c, math::sum(a))))
}

/// a ← f(channel, a) on every run.
fn each(a: &mut Tensor, mut f: impl FnMut(usize, &mut [f32])) {
    let (c, pixels) = sizes(a);
    a.flat_mut().chunks_mut(pixels).enumerate().for_each(|(i, run)| f(i % c, run));
}

/// Numbers in a channel.
fn per_channel(x: &Tensor) -> f64 {
    (x.len() / x.shape()[1]) as f64
}

impl BatchNorm {
    fn inverse(&self, variance: f64) -> f64 {
        1.0 / (variance + f64::from(self.epsilon)).sqrt()
    }

    /// Mean and 1 / sqrt(variance + ε) that the pass used: kept by training, read off the running ones otherwise.
    fn statistics(&self, at: &At) -> (Vec<f64>, Vec<f64>) {
        let wide = |t: &Tensor| t.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
        let (mean, variance) = if at.mode.train { (&at.saved[0], &at.saved[1]) } else { (at.ins[3], at.ins[4]) };
        (wide(mean), wide(variance).into_iter().map(|v| self.inverse(v)).collect())
    }

    /// (x - μ) r.
    fn normalised(&self, at: &At) -> Tensor {
        let (mean, inverse) = self.statistics(at);
        let mut out = at.ins[0].clone();
        each(&mut out, |c, run| {
            let (m, r) = (mean[c] as f32, inverse[c] as f32);
            run.iter_mut().for_each(|x| *x = (*x - m) * r);
        });
        out
    }
}

fn column(values: impl IntoIterator<Item = f64>) -> Result<Tensor> {
    let data: Vec<f32> = values.into_iter().map(|x| x as f32).collect();
    tensor::from_vec(&[data.len()], data)
}

/// The gradient with respect to x̂'s centre and spread taken off: g - mean(g) - x̂ mean(g x̂).
fn project(g: &Tensor, normalised: &Tensor) -> Tensor {
    let n = per_channel(g);
    let (mean, along) = (total(g), inner(g, normalised));
    let mut out = g.clone();
    let (_, pixels) = sizes(g);
    let hats: Vec<&[f32]> = normalised.flat().chunks(pixels).collect();
    let mut i = 0;
    each(&mut out, |c, run| {
        let (m, a) = ((mean[c] / n) as f32, (along[c] / n) as f32);
        run.iter_mut().zip(hats[i]).for_each(|(g, h)| *g -= m + h * a);
        i += 1;
    });
    out
}

/// a ← `s[channel]` a.
fn scale(a: &mut Tensor, s: impl Fn(usize) -> f64) {
    each(a, |c, run| {
        let s = s(c) as f32;
        run.iter_mut().for_each(|x| *x *= s);
    });
}

impl Op for BatchNorm {
    fn kind(&self) -> &'static str {
        "BatchNormalization"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        arity(ins, 5..=5)?;
        let c = ins[0].get(1).copied().unwrap_or(0);
        match ins[1..].iter().find(|shape| ***shape != [c]) {
            Some(shape) => Err(Error::shape("parameter of a batch norm", [c], shape)),
            None => Ok(ins[0].to_vec()),
        }
    }

    fn forward(&self, ins: &[&Tensor], mode: Mode) -> Result<Pass> {
        let x = ins[0];
        let (mut saved, mut updates) = (Vec::new(), Vec::new());
        if mode.train {
            let n = per_channel(x);
            let mean: Vec<f64> = total(x).into_iter().map(|s| s / n).collect();
            let runs = planes(x).map(|(c, run)| {
                let m = mean[c] as f32;
                (c, math::sum_by(run.len(), |i| (run[i] - m) * (run[i] - m)))
            });
            let variance: Vec<f64> = sums(mean.len(), runs).into_iter().map(|s| s / n).collect();
            let blend = |slot: usize, new: &[f64], factor: f64| {
                let m = f64::from(self.momentum);
                column(ins[slot].iter().zip(new).map(|(&old, new)| (1.0 - m) * f64::from(old) + m * factor * new))
            };
            updates.push((3, blend(3, &mean, 1.0)?));
            updates.push((4, blend(4, &variance, n / (n - 1.0).max(1.0))?));
            saved = vec![column(mean)?, column(variance)?];
        }
        let at = At { ins, y: x, saved: &saved, mode };
        let (mean, inverse) = self.statistics(&at);
        let (gamma, beta) = (ins[1].flat(), ins[2].flat());
        let mut y = x.clone();
        each(&mut y, |c, run| {
            let scale = f64::from(gamma[c]) * inverse[c];
            let (s, shift) = (scale as f32, (f64::from(beta[c]) - mean[c] * scale) as f32);
            run.iter_mut().for_each(|x| *x = *x * s + shift);
        });
        Ok(Pass { y, saved, updates })
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        let hat = self.normalised(&at);
        let (_, inverse) = self.statistics(&at);
        let gamma = at.ins[1].flat();
        let mut dx = if at.mode.train { project(grad, &hat) } else { grad.clone() };
        scale(&mut dx, |c| f64::from(gamma[c]) * inverse[c]);
        Ok(vec![Some(dx), Some(column(inner(grad, &hat))?), Some(column(total(grad))?), None, None])
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        let (_, inverse) = self.statistics(&at);
        let hat = self.normalised(&at);
        let hat_dot = self.hat_tangent(&at, dots, &hat, &inverse);
        let gamma = at.ins[1].flat();
        let mut out = hat_dot;
        scale(&mut out, |c| f64::from(gamma[c]));
        if let Some(g) = dots[1] {
            let mut extra = hat;
            scale(&mut extra, |c| f64::from(g.flat()[c]));
            tensor::add(&mut out, &extra);
        }
        if let Some(b) = dots[2] {
            each(&mut out, |c, run| run.iter_mut().for_each(|y| *y += b.flat()[c]));
        }
        Ok(out)
    }

    fn backward_tangent(&self, at: At, dots: &Dots, grad: &Tensor, grad_dot: &Tensor) -> Result<Grads> {
        let hat = self.normalised(&at);
        let (_, inverse) = self.statistics(&at);
        let hat_dot = self.hat_tangent(&at, dots, &hat, &inverse);
        let gamma = at.ins[1].flat();
        let gamma_dot = |c: usize| dots[1].map_or(0.0, |g| f64::from(g.flat()[c]));
        let slope: Vec<f64> = inner(grad_dot, &hat).iter().zip(inner(grad, &hat_dot)).map(|(a, b)| a + b).collect();
        let n = per_channel(grad);
        // dx = γ r A with A = g - mean(g) - x̂ mean(g x̂); each factor has a tangent.
        let (a, mut a_dot) = if at.mode.train {
            let mut a_dot = project(grad_dot, &hat);
            let (along_dot, along) = (inner(grad, &hat_dot), inner(grad, &hat));
            let (_, pixels) = sizes(grad);
            let (hats, dots): (Vec<_>, Vec<_>) =
                (hat.flat().chunks(pixels).collect(), hat_dot.flat().chunks(pixels).collect());
            let mut i = 0;
            each(&mut a_dot, |c, run| {
                let (m, m_dot) = ((along[c] / n) as f32, (along_dot[c] / n) as f32);
                for ((a, h), d) in run.iter_mut().zip(hats[i]).zip(dots[i]) {
                    *a -= h * m_dot + d * m;
                }
                i += 1;
            });
            (project(grad, &hat), a_dot)
        } else {
            (grad.clone(), grad_dot.clone())
        };
        // r moves with the variance, and only in training: r' = -r² mean(x' x̂).
        let inverse_dot = self.inverse_tangent(&at, dots, &hat, &inverse);
        scale(&mut a_dot, |c| f64::from(gamma[c]) * inverse[c]);
        let mut rest = a;
        scale(&mut rest, |c| gamma_dot(c) * inverse[c] + f64::from(gamma[c]) * inverse_dot[c]);
        Ok(vec![
            Some(tensor::zip(&a_dot, &rest, |a, b| a + b)),
            Some(column(slope)?),
            Some(column(total(grad_dot))?),
            None,
            None,
        ])
    }

    fn couple(&self, ties: &mut Ties) {
        for i in 1..5 {
            ties.same((Side::In(0), 1), (Side::In(i), 0));
        }
        ties.same((Side::In(0), 1), (Side::Out, 1));
    }
}

impl BatchNorm {
    /// Tangent of r = 1 / sqrt(σ² + ε), by channel.
    fn inverse_tangent(&self, at: &At, dots: &Dots, hat: &Tensor, inverse: &[f64]) -> Vec<f64> {
        match dots[0] {
            Some(x_dot) if at.mode.train => {
                let n = per_channel(x_dot);
                inner(x_dot, hat).into_iter().zip(inverse).map(|(s, r)| -r * r * s / n).collect()
            }
            _ => vec![0.0; inverse.len()],
        }
    }

    /// Tangent of x̂: in training r (x' - mean(x') - x̂ mean(x' x̂)), which is the projection of [`project`].
    fn hat_tangent(&self, at: &At, dots: &Dots, hat: &Tensor, inverse: &[f64]) -> Tensor {
        let Some(x_dot) = dots[0] else { return tensor::zeros(hat.shape()) };
        let mut out = if at.mode.train { project(x_dot, hat) } else { x_dot.clone() };
        scale(&mut out, |c| inverse[c]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn training_gives_mean_beta_and_moves_the_statistics() {
        let x = tensor::from_vec(&[2, 1, 1, 2], vec![1.0, 2.0, 3.0, 4.0]).expect("four numbers");
        let one = |v: f32| tensor::full(&[1], v);
        let (gamma, beta, mean, var) = (one(2.0), one(0.5), one(0.0), one(1.0));
        let pass = BatchNorm::default().forward(&[&x, &gamma, &beta, &mean, &var], Mode::train(0)).expect("shapes fit");
        let centre = math::sum(pass.y.flat()) / 4.0;
        assert!((centre - 0.5).abs() < 1e-6, "{centre}");
        assert!((pass.updates[0].1[[0]] - 0.25).abs() < 1e-6);
        assert!((pass.updates[1].1[[0]] - (0.9 + 0.1 * 1.25 * 4.0 / 3.0)).abs() < 1e-6);
    }
}
