//! Iterative: a share of what is left, round after round, with recovery after each.

use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::prune::phase::{Phase, geometric_share};

use super::Schedule;

static ROUNDS: Param = Param {
    key: "rounds",
    label: "Rounds",
    what: "Rounds of cutting and recovering; each cuts the same share of what is left.",
    kind: ParamKind::Int { default: 4, min: 2, max: 20 },
};

crate::part!(Meta {
    id: "iterative",
    name: "Iterative",
    what: "The same share of what is left goes in every round, and the network recovers in between.",
    formula: "s_r = 1 - (1 - s)^(r/R)",
    sources: &[source("Frankle and Carbin, ICLR 2019", "https://arxiv.org/abs/1803.03635")],
    params: &[ROUNDS],
});

impl Schedule for Part {
    fn expand(&self, sparsity: f32, after: &[Phase], args: &Args) -> Vec<Phase> {
        let rounds = args.int(&ROUNDS);
        let cut = |round| Phase::Prune { sparsity: geometric_share(round, rounds, sparsity) };
        (1..=rounds).flat_map(|round| std::iter::once(cut(round)).chain(after.iter().cloned())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let phases = Part.expand(0.9375, &[], &Args::defaults(crate::base::part::Part::meta(&Part)));
        let shares: Vec<f32> =
            phases.iter().map(|p| if let Phase::Prune { sparsity } = p { *sparsity } else { -1.0 }).collect();
        assert_eq!(shares, [0.5, 0.75, 0.875, 0.9375]);
    }
}
