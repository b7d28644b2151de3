//! APoZ: Channels whose activation is mostly zero go.
//!
//! s_o = 1 - share of zeros of relu(y_o)

use crate::base::part::{Args, Meta, source};
use crate::base::{Result, Tensor, tensor};
use crate::prune::layer::Layer;
use crate::prune::probe::{Probe, Zeros};

use super::{Criterion, Level};

crate::part!(Meta {
    id: "apoz",
    name: "APoZ",
    what: "Channels whose activation is mostly zero go.",
    formula: "s_o = 1 - share of zeros of relu(y_o)",
    sources: &[source("Hu et al., 2016", "https://arxiv.org/abs/1607.03250")],
    params: &[],
});

impl Criterion for Part {
    fn level(&self) -> Level {
        Level::Channel
    }

    fn probes(&self) -> &'static [&'static dyn Probe] {
        &[&Zeros]
    }

    fn score(&self, layer: &Layer, _: &Args) -> Result<Tensor> {
        let scores: Vec<f32> = layer.seen::<Zeros>()?.iter().map(|&z| 1.0 - z as f32).collect();
        tensor::from_vec(&[scores.len()], scores)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn by_hand() {
        let give = |e: &mut crate::prune::probe::Evidence, id| drop(e.all::<Zeros>().insert(id, vec![0.25, 1.0]));
        assert_eq!(scores(&Part, [1.0; 4], &give), [0.75, 0.0]);
    }
}
