//! Rewind: survivors go back to the weights they were drawn with, and learn again.

use crate::base::part::{Args, Meta, source};
use crate::prune::phase::Phase;

use super::{RATE, Recovery, STEPS, train};

crate::part!(Meta {
    id: "rewind",
    name: "Rewind",
    what: "Survivors go back to the weights they were drawn with and learn again: the lottery ticket test.",
    formula: "w ← w₀ ∘ m, then train",
    sources: &[
        source("Frankle and Carbin, ICLR 2019", "https://arxiv.org/abs/1803.03635"),
        source("Renda et al., ICLR 2020", "https://arxiv.org/abs/2003.02389"),
    ],
    params: &[STEPS, RATE],
});

impl Recovery for Part {
    fn after(&self, args: &Args) -> Vec<Phase> {
        vec![Phase::Rewind, Phase::Train(train(args))]
    }

    fn trains(&self) -> bool {
        true
    }

    fn rewinds(&self) -> bool {
        true
    }
}
