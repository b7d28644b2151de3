//! Layer: the same share of every layer.

use crate::base::Result;
use crate::base::part::{Args, Meta, source};

use super::{Allocation, Scored, cut};

crate::part!(Meta {
    id: "layer",
    name: "Layer",
    what: "The same share of every layer goes: simple, and hard on layers that are small already.",
    formula: "keep_l = n_l - round(s n_l)",
    sources: &[source("Zhu and Gupta, 2017", "https://arxiv.org/abs/1710.01878")],
    params: &[],
});

impl Allocation for Part {
    fn uniform(&self) -> bool {
        true
    }

    fn keep(&self, targets: &[Scored], sparsity: f32, _: &Args) -> Result<Vec<usize>> {
        Ok(targets.iter().map(|t| t.scores.len() - cut(t.scores.len(), sparsity)).collect())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Targets with given scores.
    pub fn targets(scores: &[&[f32]]) -> Vec<Scored> {
        let scored = |s: &&[f32]| Scored {
            name: "l".into(),
            scores: s.to_vec(),
            shape: vec![s.len(), 1],
            macs: 1,
            weights: s.len(),
        };
        scores.iter().map(scored).collect()
    }

    #[test]
    fn by_hand() -> Result<()> {
        let targets = targets(&[&[0.0; 10], &[0.0; 5]]);
        assert_eq!(Part.keep(&targets, 0.9, &Args::default())?, [1, 1]);
        assert_eq!(Part.keep(&targets, 0.5, &Args::default())?, [5, 3], "half of five rounds to even");
        Ok(())
    }
}
