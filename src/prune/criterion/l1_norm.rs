//! L1 norm: Filters with a small sum of absolute weights go.
//!
//! s_o = Σ |w_o|

use crate::base::part::{Args, Meta, source};
use crate::base::{Result, Tensor, math};
use crate::prune::layer::Layer;

use super::{Criterion, Level, by_channel};

crate::part!(Meta {
    id: "l1-norm",
    name: "L1 norm",
    what: "Filters with a small sum of absolute weights go.",
    formula: "s_o = Σ |w_o|",
    sources: &[source("Li et al., ICLR 2017", "https://arxiv.org/abs/1608.08710")],
    params: &[],
});

impl Criterion for Part {
    fn level(&self) -> Level {
        Level::Channel
    }

    fn score(&self, layer: &Layer, _: &Args) -> Result<Tensor> {
        by_channel(layer.weight()?, |filter| math::sum_by(filter.len(), |i| filter[i].abs()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(scores(&Part, [1.0, -2.0, 0.0, 0.5], &|_, _| ()), [3.0, 0.5]);
    }
}
