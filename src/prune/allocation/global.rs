//! Global: one ranking over all layers.

use crate::base::Result;
use crate::base::part::{Args, Meta, source};

use super::{Allocation, Scored, rank};

crate::part!(Meta {
    id: "global",
    name: "Global",
    what: "All layers compete in one ranking: finds shares by itself, and can empty a layer whose scores are small.",
    formula: "keep the ⌈(1 - s) Σ n_l⌉ highest scores of the network",
    sources: &[source("Blalock et al., MLSys 2020", "https://arxiv.org/abs/2003.03033")],
    params: &[],
});

impl Allocation for Part {
    fn keep(&self, targets: &[Scored], sparsity: f32, _: &Args) -> Result<Vec<usize>> {
        let scores: Vec<Vec<f32>> = targets.iter().map(|t| t.scores.clone()).collect();
        Ok(rank(targets, &scores, &|_| 1.0, sparsity))
    }
}

#[cfg(test)]
mod tests {
    use super::super::layer::tests::targets;
    use super::*;

    #[test]
    fn by_hand() -> Result<()> {
        let targets = targets(&[&[0.1, 0.2, 0.3], &[0.25, 9.0]]);
        assert_eq!(Part.keep(&targets, 0.6, &Args::default())?, [1, 1]);
        assert_eq!(Part.keep(&targets, 0.0, &Args::default())?, [3, 2]);
        Ok(())
    }
}
