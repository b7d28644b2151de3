//! None: what is cut stays cut.

use crate::base::part::{Meta, source};
use crate::base::{Rng, Tensor};

use super::Regrow;

crate::part!(Meta {
    id: "none",
    name: "None",
    what: "What is cut stays cut.",
    formula: "m fixed",
    sources: &[source("Han et al., NeurIPS 2015", "https://arxiv.org/abs/1506.02626")],
    params: &[],
});

impl Regrow for Part {
    fn regrows(&self) -> bool {
        false
    }

    fn score(&self, _: &Tensor, _: &mut Rng) -> Option<Vec<f32>> {
        None
    }
}
