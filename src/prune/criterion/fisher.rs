//! Fisher: Weights with little second-order effect on the loss go; the Fisher diagonal stands for the Hessian.
//!
//! s = ½ F w², F = mean of (∂L_n/∂w)²

use crate::base::part::{Args, Meta, source};
use crate::base::{Result, Tensor, tensor};
use crate::prune::layer::Layer;
use crate::prune::probe::{Probe, SquaredGradient};

use super::Criterion;

crate::part!(Meta {
    id: "fisher",
    name: "Fisher",
    what: "Weights with little second-order effect on the loss go; the Fisher diagonal stands for the Hessian.",
    formula: "s = ½ F w², F = mean of (∂L_n/∂w)²",
    sources: &[
        source("Theis et al., 2018", "https://arxiv.org/abs/1801.05787"),
        source(
            "LeCun et al., NIPS 1989",
            "https://proceedings.neurips.cc/paper/1989/hash/6c9882bbac1c7093bd25041881277658-Abstract.html"
        )
    ],
    params: &[],
});

impl Criterion for Part {
    fn probes(&self) -> &'static [&'static dyn Probe] {
        &[&SquaredGradient]
    }

    fn score(&self, layer: &Layer, _: &Args) -> Result<Tensor> {
        Ok(tensor::zip(layer.weight()?, layer.seen::<SquaredGradient>()?, |w, g| 0.5 * w * w * g))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn by_hand() {
        let give = |e: &mut crate::prune::probe::Evidence, id| {
            drop(e.all::<SquaredGradient>().insert(id, matrix([0.5, 0.5, 2.0, 9.0])))
        };
        assert_eq!(scores(&Part, [1.0, -2.0, 0.5, 0.0], &give), [0.25, 1.0, 0.25, 0.0]);
    }
}
