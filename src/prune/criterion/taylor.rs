//! Taylor, first order: Weights whose removal would change the loss least go, to first order.
//!
//! s = (w · ∂L/∂w)²

use crate::base::part::{Args, Meta, source};
use crate::base::{Result, Tensor, tensor};
use crate::prune::layer::Layer;
use crate::prune::probe::{Gradient, Probe};

use super::Criterion;

crate::part!(Meta {
    id: "taylor",
    name: "Taylor, first order",
    what: "Weights whose removal would change the loss least go, to first order.",
    formula: "s = (w · ∂L/∂w)²",
    sources: &[source("Molchanov et al., CVPR 2019", "https://arxiv.org/abs/1906.10771")],
    params: &[],
});

impl Criterion for Part {
    fn probes(&self) -> &'static [&'static dyn Probe] {
        &[&Gradient]
    }

    fn score(&self, layer: &Layer, _: &Args) -> Result<Tensor> {
        Ok(tensor::zip(layer.weight()?, layer.seen::<Gradient>()?, |w, g| (w * g) * (w * g)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn by_hand() {
        let grad = |e: &mut crate::prune::probe::Evidence, id| {
            drop(e.all::<Gradient>().insert(id, matrix([0.5, 0.5, -2.0, 9.0])))
        };
        assert_eq!(scores(&Part, [1.0, -2.0, 0.5, 0.0], &grad), [0.25, 1.0, 1.0, 0.0]);
    }
}
