//! Counting right answers, and how likely they were.

use crate::base::stats::{Interval, wilson};
use crate::base::{Flat, Tensor, math};

/// Right answers of some, with what was answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Right answers.
    pub hits: usize,
    /// Right answers among the five likeliest.
    pub top5: usize,
    /// Answers by example, or by token.
    pub answers: Vec<usize>,
    /// Sum of -log2 p of the labels.
    bits: f64,
}

impl Tally {
    /// Takes in a batch of answers [..., classes].
    pub fn add(&mut self, logits: &Tensor, labels: &[usize]) {
        let classes = logits.shape()[logits.ndim() - 1];
        for (row, &label) in logits.flat().chunks(classes).zip(labels) {
            // Ties go to the lower class, as in argmax everywhere.
            let above =
                |c: usize| row.iter().enumerate().filter(|&(d, x)| *x > row[c] || (*x == row[c] && d < c)).count();
            let answer = (0..classes).fold(0, |best, c| if row[c] > row[best] { c } else { best });
            self.answers.push(answer);
            self.bits += surprise(row, label);
            self.hits += usize::from(answer == label);
            self.top5 += usize::from(above(label) < 5);
        }
    }

    /// Examples seen.
    pub fn n(&self) -> usize {
        self.answers.len()
    }

    /// Share of right answers.
    pub fn accuracy(&self) -> f64 {
        self.hits as f64 / self.n().max(1) as f64
    }

    /// Mean of -log2 p of the labels: of characters, bits per character.
    pub fn bits(&self) -> f64 {
        self.bits / self.n().max(1) as f64
    }

    /// Wilson's interval of the accuracy.
    pub fn interval(&self) -> Interval {
        wilson(self.hits, self.n())
    }
}

/// -log2 of the share that softmax gives a label.
fn surprise(row: &[f32], label: usize) -> f64 {
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = row.iter().map(|x| math::exp(x - most)).sum();
    f64::from(math::ln(sum) - (row[label] - most)) / std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::tensor;

    #[test]
    fn by_hand() {
        let logits = tensor::from_vec(&[2, 3], vec![0.1, 0.9, 0.5, 1.0, 1.0, 0.0]).expect("six numbers");
        let mut tally = Tally::default();
        tally.add(&logits, &[1, 1]);
        assert_eq!((tally.hits, tally.top5, tally.answers.as_slice()), (1, 2, &[1, 0][..]));
        let mut even = Tally::default();
        even.add(&tensor::zeros(&[3, 4]), &[0, 1, 3]);
        assert!((even.bits() - 2.0).abs() < 1e-6, "one of four is two bits");
    }
}
