//! Losses: cross entropy with label smoothing, and distillation from a teacher.
//!
//! Cross entropy: -Σ q log p, q = (1 - s) one-hot + s / classes. Distillation (Hinton et al., 2015):
//! α T² KL(teacher/T ‖ student/T) + (1 - α) cross entropy.

use crate::base::{Error, Flat, Result, Tensor, tensor};
use crate::graph::op::softmax;

/// What a batch should answer.
#[derive(Clone, Copy, Debug)]
pub struct LossTarget<'a> {
    /// Class of each example, or of each token of each example.
    pub labels: &'a [usize],
    /// A teacher's answers [N, classes] or [N, T, classes] before softmax.
    pub teacher: Option<&'a Tensor>,
}

impl<'a> LossTarget<'a> {
    /// Labels alone.
    pub fn labels(labels: &'a [usize]) -> Self {
        Self { labels, teacher: None }
    }

    /// Checks the labels against answers [..., classes]: one for each row.
    ///
    /// # Errors
    /// When they are not as many as the answers, or one is out of range.
    pub fn check(&self, n: usize, classes: usize) -> Result<()> {
        if self.labels.len() != n {
            return Err(Error::shape("labels of a batch", [n], [self.labels.len()]));
        }
        match self.labels.iter().find(|&&label| label >= classes) {
            Some(label) => Err(Error::format(format!(
                "label {label} is out of range: the network knows classes 0 to {}",
                classes - 1
            ))
            .hint("check that the labels belong to this model")),
            None => Ok(()),
        }
    }
}

/// A loss, averaged over the batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// Share of the target spread over all classes.
    pub smoothing: f32,
    /// Divides the answers before softmax: GraSP uses 200.
    pub temperature: f32,
    /// Weight α and temperature T of the teacher.
    pub distil: Option<(f32, f32)>,
}

impl Loss {
    /// Plain cross entropy.
    pub const CROSS_ENTROPY: Self = Self { smoothing: 0.0, temperature: 1.0, distil: None };

    /// Loss and its gradient with respect to the answers [N, classes], or [N, T, classes] where every token has a label.
    ///
    /// # Errors
    /// When a label is out of range or shapes do not fit.
    pub fn at(&self, logits: &Tensor, target: &LossTarget) -> Result<(f64, Tensor)> {
        let (n, classes) = rows(logits);
        target.check(n, classes)?;
        let p = softmax(&divided(logits, self.temperature));
        let alpha = self.distil.map_or(0.0, |(alpha, _)| alpha);
        let mut loss = 0.0;
        let mut grad = p.clone();
        let weight = (1.0 - alpha) / n as f32;
        let spread = self.smoothing / classes as f32;
        for ((row, p), &label) in grad.flat_mut().chunks_mut(classes).zip(p.flat().chunks(classes)).zip(target.labels) {
            for (c, (g, &p)) in row.iter_mut().zip(p).enumerate() {
                let q = spread + if c == label { 1.0 - self.smoothing } else { 0.0 };
                if q > 0.0 {
                    loss -= f64::from(weight) * f64::from(q) * f64::from(positive(p)).ln();
                }
                *g = weight * (p - q) / self.temperature;
            }
        }
        if let (Some((alpha, t)), Some(teacher)) = (self.distil, target.teacher) {
            let (p, q) = (softmax(&divided(logits, t)), softmax(&divided(teacher, t)));
            for ((g, &p), &q) in grad.flat_mut().iter_mut().zip(p.flat()).zip(q.flat()) {
                let (p64, q64) = (f64::from(positive(p)), f64::from(positive(q)));
                loss += f64::from(alpha * t * t) / n as f64 * q64 * (q64.ln() - p64.ln());
                *g += alpha * t / n as f32 * (p - q);
            }
        }
        Ok((loss, grad))
    }

    /// Tangent of the gradient along a direction of the answers: H_z z' with H = (diag p - p pᵀ) / (N T²). Without a teacher.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn curvature(&self, logits: &Tensor, dot: &Tensor) -> Result<Tensor> {
        let (n, classes) = rows(logits);
        if dot.shape() != logits.shape() {
            return Err(Error::shape("tangent of the answers", logits.shape(), dot.shape()));
        }
        let p = softmax(&divided(logits, self.temperature));
        let scale = 1.0 / (n as f32 * self.temperature * self.temperature);
        let mut out = dot.clone();
        for (row, p) in out.flat_mut().chunks_mut(classes).zip(p.flat().chunks(classes)) {
            let mean: f32 = row.iter().zip(p).map(|(v, p)| v * p).sum();
            row.iter_mut().zip(p).for_each(|(v, p)| *v = scale * p * (*v - mean));
        }
        Ok(out)
    }
}

/// Answers over a temperature.
fn divided(logits: &Tensor, by: f32) -> Tensor {
    tensor::map(logits, |x| x / by)
}

/// How many answers [..., classes] hold, and classes.
fn rows(logits: &Tensor) -> (usize, usize) {
    let classes = logits.shape()[logits.ndim() - 1];
    (logits.len() / classes.max(1), classes)
}

/// At least the smallest positive number; NaN stays, so that it is found.
fn positive(p: f32) -> f32 {
    if p < f32::MIN_POSITIVE { f32::MIN_POSITIVE } else { p }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::tensor;

    #[test]
    fn uniform_answers_cost_the_logarithm_of_the_classes() {
        let logits = tensor::zeros(&[2, 4]);
        let (loss, grad) = Loss::CROSS_ENTROPY.at(&logits, &LossTarget::labels(&[0, 3])).expect("fits");
        assert!((loss - 4f64.ln()).abs() < 1e-6);
        assert!((grad[[0, 0]] + 0.375).abs() < 1e-6 && (grad[[0, 1]] - 0.125).abs() < 1e-6);
    }

    #[test]
    fn refuses_labels_out_of_range() {
        let error = Loss::CROSS_ENTROPY.at(&tensor::zeros(&[1, 4]), &LossTarget::labels(&[4])).expect_err("4 classes");
        assert!(error.message.contains("label 4"), "{error}");
    }
}
