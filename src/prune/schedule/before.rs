//! Before training: the network is pruned as it was drawn, then trained.

use crate::base::part::{Args, Meta, source};
use crate::prune::rhythm::Rhythm;

use super::Schedule;

crate::part!(Meta {
    id: "before",
    name: "Before training",
    what: "The network is pruned as it was drawn and then trained: nothing that was learned is used.",
    formula: "m = prune(w₀), then train w₀ ∘ m",
    sources: &[source("Lee et al., ICLR 2019", "https://arxiv.org/abs/1810.02340")],
    params: &[],
});

impl Schedule for Part {
    fn rhythm(&self, sparsity: f32, _: &Args) -> Rhythm {
        Rhythm::Rounds(vec![sparsity])
    }

    fn needs_training(&self) -> bool {
        true
    }

    fn untrained(&self) -> bool {
        true
    }
}
