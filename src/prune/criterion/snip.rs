//! SNIP: Connections that the loss hardly feels go, judged by one look at the gradient.
//!
//! s = |w · ∂L/∂w|

use crate::base::part::{Args, Meta, source};
use crate::base::{Result, Tensor, tensor};
use crate::prune::layer::Layer;
use crate::prune::probe::{Gradient, Probe};

use super::Criterion;

crate::part!(Meta {
    id: "snip",
    name: "SNIP",
    what: "Connections that the loss hardly feels go, judged by one look at the gradient.",
    formula: "s = |w · ∂L/∂w|",
    sources: &[source("Lee et al., ICLR 2019", "https://arxiv.org/abs/1810.02340")],
    params: &[],
});

impl Criterion for Part {
    fn probes(&self) -> &'static [&'static dyn Probe] {
        &[&Gradient]
    }

    fn score(&self, layer: &Layer, _: &Args) -> Result<Tensor> {
        Ok(tensor::zip(layer.weight()?, layer.seen::<Gradient>()?, |w, g| (w * g).abs()))
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
        assert_eq!(scores(&Part, [1.0, -2.0, 0.5, 0.0], &grad), [0.5, 1.0, 1.0, 0.0]);
    }
}
