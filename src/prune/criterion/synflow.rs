//! SynFlow: Weights that carry little of the flow from input to output go, by rounds and without any data.
//!
//! s = |w| · ∂R/∂|w|, R = 1ᵀ Π |W| 1

use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::base::{Result, Tensor, tensor};
use crate::prune::layer::Layer;
use crate::prune::probe::{Flow, Probe};

use super::Criterion;

static ROUNDS: Param = Param {
    key: "rounds",
    label: "Rounds",
    what: "The density falls in equal ratios over this many rounds, each with scores anew; one round collapses layers.",
    kind: ParamKind::Int { default: 100, min: 1, max: 200 },
};

crate::part!(Meta {
    id: "synflow",
    name: "SynFlow",
    what: "Weights that carry little of the flow from input to output go, by rounds and without any data.",
    formula: "s = |w| · ∂R/∂|w|, R = 1ᵀ Π |W| 1",
    sources: &[source("Tanaka et al., NeurIPS 2020", "https://arxiv.org/abs/2006.05467")],
    params: &[ROUNDS],
});

impl Criterion for Part {
    fn probes(&self) -> &'static [&'static dyn Probe] {
        &[&Flow]
    }

    fn rounds(&self, args: &Args) -> usize {
        args.int(&ROUNDS)
    }

    fn score(&self, layer: &Layer, _: &Args) -> Result<Tensor> {
        Ok(tensor::zip(layer.weight()?, layer.seen::<Flow>()?, |w, g| (w * g).abs()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn by_hand() {
        let give =
            |e: &mut crate::prune::probe::Evidence, id| drop(e.all::<Flow>().insert(id, matrix([0.5, 0.5, 2.0, 9.0])));
        assert_eq!(scores(&Part, [1.0, -2.0, 0.5, 0.0], &give), [0.5, 1.0, 1.0, 0.0]);
    }
}
