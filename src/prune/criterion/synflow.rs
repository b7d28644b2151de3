//! SynFlow: Weights that carry little of the flow from input to output go, by rounds and without any data.
//!
//! s = |w| · ∂R/∂|w|, R = 1ᵀ Π |W| 1

use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::base::{Result, Tensor};
use crate::prune::evidence::Needs;
use crate::prune::layer::Layer;

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
    fn needs(&self) -> Needs {
        Needs { flow: true, ..Needs::NONE }
    }

    fn rounds(&self, args: &Args) -> usize {
        args.int(&ROUNDS)
    }

    fn score(&self, layer: &Layer, _: &Args) -> Result<Tensor> {
        Ok((layer.weight()? * layer.flow()?).mapv(f32::abs))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn by_hand() {
        let give = |e: &mut crate::prune::evidence::Evidence, id| drop(e.flow.insert(id, matrix([0.5, 0.5, 2.0, 9.0])));
        assert_eq!(scores(&Part, [1.0, -2.0, 0.5, 0.0], &give), [0.5, 1.0, 1.0, 0.0]);
    }
}
