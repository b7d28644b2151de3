//! Geometric median: Filters close to all others go: what they do, others can do.
//!
//! s_o = Σ_k ‖w_o - w_k‖

use crate::base::part::{Args, Meta, source};
use crate::base::{Flat, Result, Tensor, math};
use crate::prune::layer::Layer;

use super::{Criterion, Level, by_channel};

crate::part!(Meta {
    id: "fpgm",
    name: "Geometric median",
    what: "Filters close to all others go: what they do, others can do.",
    formula: "s_o = Σ_k ‖w_o - w_k‖",
    sources: &[source("He et al., CVPR 2019", "https://arxiv.org/abs/1811.00250")],
    params: &[],
});

impl Criterion for Part {
    fn level(&self) -> Level {
        Level::Channel
    }

    fn score(&self, layer: &Layer, _: &Args) -> Result<Tensor> {
        let weight = layer.weight()?;
        let filters: Vec<&[f32]> = weight.flat().chunks(weight.len() / layer.outputs().max(1)).collect();
        let distance = |a: &[f32], b: &[f32]| math::sum_by(a.len(), |i| (a[i] - b[i]) * (a[i] - b[i])).sqrt();
        by_channel(weight, |filter| filters.iter().map(|other| distance(filter, other)).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(scores(&Part, [3.0, 4.0, 0.0, 0.0], &|_, _| ()), [5.0, 5.0]);
    }
}
