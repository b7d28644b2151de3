//! Regrowing: which of the cut weights come back during training, in place of the weakest.

mod gradient;
mod momentum;
mod none;
mod random;

use std::rc::Rc;

use crate::base::part::{Args, Param, ParamKind, Part};
use crate::base::{Flat, Rng, Tensor, order};
use crate::train::hook::Hook;

use super::facts::Facts;

/// A rule for what comes back.
pub trait Regrow: Part {
    /// Whether anything ever comes back.
    fn regrows(&self) -> bool {
        true
    }

    /// Why it does not go with the other parts of a recipe.
    fn clash(&self, _: &Args, with: &Facts) -> Option<String> {
        if self.regrows() && !with.single {
            return Some(format!("{} does not regrow: only single weights do", with.names.pattern));
        }
        if let (true, Some(other)) = (self.regrows(), with.instead) {
            return Some(format!("{other} cuts nothing that could come back"));
        }
        if self.regrows() && with.gates {
            return Some("a gate lets weights come back by itself".into());
        }
        (self.regrows() && !with.trains)
            .then(|| "weights regrow during training, and this recovery does not train".into())
    }

    /// What it does inside training, if anything.
    fn hook(&self, args: &Args) -> Option<Rc<dyn Hook>> {
        let _ = args;
        None
    }

    /// Scores of the cut weights; the highest come back. `None`: nothing ever does.
    fn score(&self, grad: &Tensor, rng: &mut Rng) -> Option<Vec<f32>>;
}

/// All rules.
pub static ALL: &[&dyn Regrow] = &[&none::Part, &random::Part, &gradient::Part, &momentum::Part];

pub(super) const EVERY: Param = Param {
    key: "every",
    label: "Every",
    what: "Training steps between two exchanges.",
    kind: ParamKind::Int { default: 20, min: 1, max: 500 },
};
pub(super) const FRACTION: Param = Param {
    key: "fraction",
    label: "Fraction",
    what: "Share of the kept weights exchanged at first; it falls along a cosine to nothing at three quarters of the training.",
    kind: ParamKind::Float { default: 0.3, min: 0.01, max: 0.9, log: false },
};

/// When and how much is exchanged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exchange {
    /// Steps between exchanges.
    pub every: usize,
    /// Share at first.
    pub fraction: f32,
}

impl Exchange {
    /// As the args of a part say.
    pub fn read(args: &Args) -> Self {
        Self { every: args.int(&EVERY), fraction: args.float(&FRACTION) }
    }

    /// The share to exchange at a step of a training of `total` steps; `None` where there is no exchange.
    pub fn at(&self, step: usize, total: usize) -> Option<f32> {
        let end = total * 3 / 4;
        (step > 0 && step.is_multiple_of(self.every) && step < end)
            .then(|| cosine(self.fraction, step as f32, end as f32))
    }
}

/// α/2 (1 + cos(π t / T)), and nothing once T is over.
pub fn cosine(alpha: f32, t: f32, end: f32) -> f32 {
    0.5 * alpha * (1.0 + libm::cosf(std::f32::consts::PI * (t / end).min(1.0)))
}

/// Drops the weakest share of the kept weights and lets as many cut ones of the highest score come back. What was just
/// dropped may come back too. Gives the positions that are new.
pub fn exchange(w: &Tensor, mask: &mut [u8], scores: &[f32], fraction: f32) -> Vec<usize> {
    let w = w.flat();
    let count = mask.iter().filter(|&&m| m == 1).count();
    let drop = (count as f64 * f64::from(fraction)) as usize;
    let kept = (0..mask.len()).filter(|&i| mask[i] == 1).map(|i| (w[i].abs(), i));
    let stay = order::highest(kept, count - drop);
    mask.fill(0);
    stay.into_iter().for_each(|i| mask[i] = 1);
    let cut = (0..mask.len()).filter(|&i| mask[i] == 0).map(|i| (scores[i], i));
    let back = order::highest(cut, drop);
    back.iter().for_each(|&i| mask[i] = 1);
    back
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::tensor;

    #[test]
    fn an_exchange_by_hand() {
        let w = tensor::from_vec(&[6], vec![3.0, -0.1, 2.0, 0.0, 0.0, 1.0]).expect("six numbers");
        let mut mask = [1, 1, 1, 0, 0, 1];
        let new = exchange(&w, &mut mask, &[0.0, 0.0, 0.0, 5.0, 7.0, 0.0], 0.25);
        assert_eq!((new, mask), (vec![4], [1, 0, 1, 0, 1, 1]));
    }

    #[test]
    fn the_share_falls_to_nothing() {
        let e = Exchange { every: 10, fraction: 0.3 };
        assert_eq!((e.at(0, 100), e.at(5, 100), e.at(80, 100)), (None, None, None));
        assert!(e.at(10, 100) > e.at(70, 100));
    }
}
