//! MACs: one ranking, with a budget of multiply-adds instead of weights.

use crate::base::Result;
use crate::base::part::{Args, Meta, source};

use super::{Allocation, Scored, rank};

crate::part!(Meta {
    id: "macs",
    name: "Multiply-adds",
    what: "Cuts until a share of the multiply-adds is gone: weights used at many pixels count for more.",
    formula: "rank by s_u / macs_u; stop when Σ macs cut = s Σ macs",
    sources: &[source("Molchanov et al., ICLR 2017", "https://arxiv.org/abs/1611.06440")],
    params: &[],
});

impl Allocation for Part {
    fn keep(&self, targets: &[Scored], sparsity: f32, _: &Args) -> Result<Vec<usize>> {
        let cost = |t: &Scored| t.macs as f64 / t.scores.len().max(1) as f64;
        let top = targets.iter().map(cost).fold(f64::MIN_POSITIVE, f64::max);
        let scores: Vec<Vec<f32>> = targets
            .iter()
            .map(|t| {
                let share = (cost(t) / top).max(1e-9) as f32;
                // Where a criterion has signs, a unit below zero does harm: the dearer it is, the sooner it goes.
                t.scores.iter().map(|&s| if s < 0.0 { s * share } else { s / share }).collect()
            })
            .collect();
        Ok(rank(targets, &scores, &cost, sparsity))
    }

    fn counts_macs(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::layer::tests::targets;
    use super::*;

    #[test]
    fn costly_units_go_first() -> Result<()> {
        let mut targets = targets(&[&[1.0, 1.1], &[1.0, 1.1]]);
        targets[0].macs = 100;
        assert_eq!(Part.keep(&targets, 0.5, &Args::default())?, [1, 2]);
        Ok(())
    }

    #[test]
    fn costly_units_go_first_below_zero_too() -> Result<()> {
        let mut targets = targets(&[&[-1.0, -1.1], &[-1.0, -1.1]]);
        targets[0].macs = 100;
        assert_eq!(Part.keep(&targets, 0.5, &Args::default())?, [1, 2]);
        // Harm goes before good, however cheap.
        targets[1].scores = vec![1.0, 2.0];
        assert_eq!(Part.keep(&targets, 0.99, &Args::default())?, [0, 2]);
        // What was cut earlier is below everything.
        targets[0].scores = vec![f32::NEG_INFINITY, -1.0];
        assert_eq!(Part.keep(&targets, 0.495, &Args::default())?, [1, 2]);
        Ok(())
    }
}
