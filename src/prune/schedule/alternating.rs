//! Alternating: the network is cut, trained, let whole again, trained, and so on, and is cut in the end (AC/DC).

use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::prune::rhythm::{Alternation, Rhythm};

use super::Schedule;

static WARM: Param = Param {
    key: "warm",
    label: "Whole at first",
    what: "Share of the training steps before the first cut.",
    kind: ParamKind::Float { default: 0.1, min: 0.0, max: 0.9, log: false },
};
static PHASE: Param = Param {
    key: "phase",
    label: "Phase",
    what: "Training steps of each phase, cut and whole in turn.",
    kind: ParamKind::Int { default: 20, min: 1, max: 5000 },
};
static LAST: Param = Param {
    key: "last",
    label: "Cut at last",
    what: "Share of the training steps, at its end, in which the network stays cut.",
    kind: ParamKind::Float { default: 0.25, min: 0.01, max: 0.9, log: false },
};

crate::part!(Meta {
    id: "alternating",
    name: "Alternating (AC/DC)",
    what: "Phases of training cut and whole take turns; what was cut starts again from zero, and the last phase is cut.",
    formula: "whole, then s and 0 in turn, at last s",
    sources: &[source("Peste et al., NeurIPS 2021", "https://arxiv.org/abs/2106.12379")],
    params: &[WARM, PHASE, LAST],
});

impl Schedule for Part {
    fn rhythm(&self, sparsity: f32, args: &Args) -> Rhythm {
        let (warm, last) = (args.float(&WARM), args.float(&LAST));
        Rhythm::Alternating(Alternation { warm, phase: args.int(&PHASE), last, sparsity })
    }

    fn needs_training(&self) -> bool {
        true
    }
}
