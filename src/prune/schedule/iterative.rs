//! Iterative: a share of what is left, round after round, with recovery after each.

use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::prune::rhythm::{Rhythm, geometric_share};

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
    fn rhythm(&self, sparsity: f32, args: &Args) -> Rhythm {
        let rounds = args.int(&ROUNDS);
        Rhythm::Rounds((1..=rounds).map(|round| geometric_share(round, rounds, sparsity)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let rhythm = Part.rhythm(0.9375, &Args::defaults(crate::base::part::Part::meta(&Part)));
        assert_eq!(rhythm, Rhythm::Rounds(vec![0.5, 0.75, 0.875, 0.9375]));
    }
}
