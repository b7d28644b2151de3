//! Gate: Channels and heads without which the loss would change least go, to first order.
//!
//! s_o = mean |∂L/∂ξ_o| of a gate ξ_o on the activations, divided by the L2 norm of the layer

use crate::base::part::{Args, Meta, source};
use crate::base::{Result, Tensor, tensor};
use crate::prune::layer::Layer;
use crate::prune::probe::{Gates, Probe};

use super::{Criterion, Level};

crate::part!(Meta {
    id: "gate",
    name: "Gate gradient",
    what: "Channels and heads whose activations the loss depends on least go: a gate on each says how much.",
    formula: "s_o = mean |Σ y_o · ∂L/∂y_o| over examples, each layer divided by its L2 norm",
    sources: &[
        source("Molchanov et al., ICLR 2017", "https://arxiv.org/abs/1611.06440"),
        source("Michel et al., NeurIPS 2019", "https://arxiv.org/abs/1905.10650"),
    ],
    params: &[],
});

impl Criterion for Part {
    fn level(&self) -> Level {
        Level::Channel
    }

    fn probes(&self) -> &'static [&'static dyn Probe] {
        &[&Gates]
    }

    fn score(&self, layer: &Layer, _: &Args) -> Result<Tensor> {
        let slopes = layer.seen::<Gates>()?;
        let norm = slopes.iter().map(|s| s * s).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        tensor::from_vec(&[slopes.len()], slopes.iter().map(|s| (s / norm) as f32).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn by_hand() {
        let give = |e: &mut crate::prune::probe::Evidence, id| drop(e.all::<Gates>().insert(id, vec![3.0, 4.0]));
        assert_eq!(scores(&Part, [1.0; 4], &give), [0.6, 0.8]);
        let dead = |e: &mut crate::prune::probe::Evidence, id| drop(e.all::<Gates>().insert(id, vec![0.0, 0.0]));
        assert_eq!(scores(&Part, [1.0; 4], &dead), [0.0, 0.0]);
    }
}
