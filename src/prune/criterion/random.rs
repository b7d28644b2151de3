//! Random: Every weight has the same chance: the control that any method must beat.
//!
//! s ~ U(0, 1)

use crate::base::part::{Args, Meta, source};
use crate::base::{Result, Tensor, tensor};
use crate::prune::layer::Layer;

use super::Criterion;

crate::part!(Meta {
    id: "random",
    name: "Random",
    what: "Every weight has the same chance: the control that any method must beat.",
    formula: "s ~ U(0, 1)",
    sources: &[source("Blalock et al., MLSys 2020", "https://arxiv.org/abs/2003.03033")],
    params: &[],
});

impl Criterion for Part {
    fn reads_weights(&self) -> bool {
        false
    }

    fn score(&self, layer: &Layer, _: &Args) -> Result<Tensor> {
        let mut rng = layer.rng();
        Ok(tensor::map(layer.weight()?, |_| rng.uniform()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn by_hand() {
        let a = scores(&Part, [0.0; 4], &|_, _| ());
        assert_eq!(a, scores(&Part, [1.0; 4], &|_, _| ()), "the same seed gives the same scores");
        assert!(a.windows(2).all(|w| w[0] != w[1]), "{a:?}");
    }
}
