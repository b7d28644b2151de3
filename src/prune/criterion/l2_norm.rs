//! L2 norm: Filters with a small Euclidean norm go.
//!
//! s_o = sqrt(Σ w_o²)

use crate::base::part::{Args, Meta, source};
use crate::base::{Result, Tensor, math};
use crate::prune::layer::Layer;

use super::{Criterion, Level, by_channel};

crate::part!(Meta {
    id: "l2-norm",
    name: "L2 norm",
    what: "Filters with a small Euclidean norm go.",
    formula: "s_o = sqrt(Σ w_o²)",
    sources: &[source("He et al., IJCAI 2018", "https://arxiv.org/abs/1808.06866")],
    params: &[],
});

impl Criterion for Part {
    fn level(&self) -> Level {
        Level::Channel
    }

    fn score(&self, layer: &Layer, _: &Args) -> Result<Tensor> {
        by_channel(layer.weight()?, |filter| math::dot(filter, filter).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(scores(&Part, [3.0, -4.0, 0.0, 0.5], &|_, _| ()), [5.0, 0.5]);
    }
}
