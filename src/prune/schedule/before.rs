//! Before training: the network is pruned as it was drawn, then trained.

use crate::base::part::{Args, Meta, source};
use crate::prune::phase::Phase;

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
    fn expand(&self, sparsity: f32, after: &[Phase], _: &Args) -> Vec<Phase> {
        [Phase::Reinit, Phase::Prune { sparsity }].into_iter().chain(after.iter().cloned()).collect()
    }

    fn needs_training(&self) -> bool {
        true
    }

    fn untrained(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(Part.expand(0.5, &[], &Args::default()), [Phase::Reinit, Phase::Prune { sparsity: 0.5 }]);
    }
}
