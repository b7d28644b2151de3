//! Wanda: Weights that are small for what they are fed go: weight times the norm of its input.
//!
//! s[o, i] = |w[o, i]| · ‖x_i‖₂

use crate::base::part::{Args, Meta, source};
use crate::base::{Flat, Result, Tensor, tensor};
use crate::prune::layer::Layer;
use crate::prune::probe::{Inputs, Probe};

use super::Criterion;

crate::part!(Meta {
    id: "wanda",
    name: "Wanda",
    what: "Weights that are small for what they are fed go: weight times the norm of its input.",
    formula: "s[o, i] = |w[o, i]| · ‖x_i‖₂",
    sources: &[source("Sun et al., ICLR 2024", "https://arxiv.org/abs/2306.11695")],
    params: &[],
});

impl Criterion for Part {
    fn probes(&self) -> &'static [&'static dyn Probe] {
        &[&Inputs]
    }

    fn score(&self, layer: &Layer, _: &Args) -> Result<Tensor> {
        let squares = layer.seen::<Inputs>()?;
        let mut scores = tensor::map(layer.weight()?, f32::abs);
        let (outputs, inputs) = (scores.shape()[0], scores.shape()[1]);
        let taps = scores.len() / (outputs * inputs).max(1);
        // A filter of a group reads the channels of its group: depthwise filters one each.
        let group = outputs / (squares.len() / inputs).max(1);
        for (i, s) in scores.flat_mut().iter_mut().enumerate() {
            let (o, c) = (i / (inputs * taps), i / taps % inputs);
            *s *= squares[o / group.max(1) * inputs + c].sqrt() as f32;
        }
        Ok(scores)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn by_hand() {
        let give = |e: &mut crate::prune::probe::Evidence, id| drop(e.all::<Inputs>().insert(id, vec![4.0, 9.0]));
        assert_eq!(scores(&Part, [1.0, -2.0, 0.5, 0.0], &give), [2.0, 6.0, 1.0, 0.0]);
    }
}
