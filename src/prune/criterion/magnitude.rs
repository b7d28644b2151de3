//! Magnitude: Small weights go: the baseline that is hard to beat.
//!
//! s = |w|

use crate::base::part::{Args, Meta, source};
use crate::base::{Result, Tensor, tensor};
use crate::prune::layer::Layer;

use super::Criterion;

crate::part!(Meta {
    id: "magnitude",
    name: "Magnitude",
    what: "Small weights go: the baseline that is hard to beat.",
    formula: "s = |w|",
    sources: &[source("Han et al., NeurIPS 2015", "https://arxiv.org/abs/1506.02626")],
    params: &[],
});

impl Criterion for Part {
    fn score(&self, layer: &Layer, _: &Args) -> Result<Tensor> {
        Ok(tensor::map(layer.weight()?, f32::abs))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(scores(&Part, [1.0, -2.0, 0.0, 0.5], &|_, _| ()), [1.0, 2.0, 0.0, 0.5]);
    }
}
