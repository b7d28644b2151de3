//! GraSP: Weights whose removal would not weaken the flow of gradients go.
//!
//! s = w · (H ∂L/∂w)

use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::base::{Result, Tensor, tensor};
use crate::prune::layer::Layer;
use crate::prune::probe::{Curvature, Probe};

use super::Criterion;

static TEMPERATURE: Param = Param {
    key: "temperature",
    label: "Temperature",
    what: "Divides the answers before the loss, so that a network that was never trained is not judged too sharply.",
    kind: ParamKind::Float { default: 200.0, min: 1.0, max: 1000.0, log: true },
};

crate::part!(Meta {
    id: "grasp",
    name: "GraSP",
    what: "Weights whose removal would not weaken the flow of gradients go.",
    formula: "s = w · (H ∂L/∂w)",
    sources: &[source("Wang et al., ICLR 2020", "https://arxiv.org/abs/2002.07376")],
    params: &[TEMPERATURE],
});

impl Criterion for Part {
    fn probes(&self) -> &'static [&'static dyn Probe] {
        &[&Curvature]
    }

    fn temperature(&self, args: &Args) -> f32 {
        args.float(&TEMPERATURE)
    }

    fn score(&self, layer: &Layer, _: &Args) -> Result<Tensor> {
        Ok(tensor::zip(layer.weight()?, layer.seen::<Curvature>()?, |w, g| w * g))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn by_hand() {
        let give = |e: &mut crate::prune::probe::Evidence, id| {
            drop(e.all::<Curvature>().insert(id, matrix([0.5, 0.5, -2.0, 9.0])))
        };
        assert_eq!(scores(&Part, [1.0, -2.0, 0.5, 0.0], &give), [0.5, -1.0, -1.0, 0.0]);
    }
}
