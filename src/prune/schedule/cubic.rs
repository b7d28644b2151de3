//! Cubic: gradual magnitude pruning's ramp, fast at first and slow at the end, while training goes on.

use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::prune::rhythm::{Ramp, RampShape, Rhythm};

use super::Schedule;

static EVERY: Param = Param {
    key: "every",
    label: "Every",
    what: "Training steps between two cuts.",
    kind: ParamKind::Int { default: 10, min: 1, max: 500 },
};
static END: Param = Param {
    key: "end",
    label: "End",
    what: "Share of the training steps after which nothing more is cut.",
    kind: ParamKind::Float { default: 0.7, min: 0.1, max: 1.0, log: false },
};

crate::part!(Meta {
    id: "cubic",
    name: "Cubic (gradual)",
    what: "Cut a little every few training steps, fast at first and slowly at the end.",
    formula: "s_t = s - s (1 - t/T)³",
    sources: &[source("Zhu and Gupta, 2017", "https://arxiv.org/abs/1710.01878")],
    params: &[EVERY, END],
});

impl Schedule for Part {
    fn rhythm(&self, sparsity: f32, args: &Args) -> Rhythm {
        Rhythm::During(Ramp { every: args.int(&EVERY), end: args.float(&END), sparsity, shape: RampShape::Cubic })
    }

    fn needs_training(&self) -> bool {
        true
    }
}
