//! One-shot: everything at once, then recovery.

use crate::base::part::{Args, Meta, source};
use crate::prune::rhythm::Rhythm;

use super::Schedule;

crate::part!(Meta {
    id: "one-shot",
    name: "One-shot",
    what: "Everything is cut at once, then the network recovers.",
    formula: "s₁ = s",
    sources: &[source("Han et al., NeurIPS 2015", "https://arxiv.org/abs/1506.02626")],
    params: &[],
});

impl Schedule for Part {
    fn rhythm(&self, sparsity: f32, _: &Args) -> Rhythm {
        Rhythm::Rounds(vec![sparsity])
    }
}
