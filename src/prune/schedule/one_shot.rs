//! One-shot: everything at once, then recovery.

use crate::base::part::{Args, Meta, source};
use crate::prune::phase::Phase;

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
    fn expand(&self, sparsity: f32, after: &[Phase], _: &Args) -> Vec<Phase> {
        std::iter::once(Phase::Prune { sparsity }).chain(after.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let phases = Part.expand(0.9, &[Phase::Rewind], &Args::default());
        assert_eq!(phases, [Phase::Prune { sparsity: 0.9 }, Phase::Rewind]);
    }
}
