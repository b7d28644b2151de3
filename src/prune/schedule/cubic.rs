//! Cubic: gradual magnitude pruning's ramp, fast at first and slow at the end, while training goes on.

use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::prune::phase::{Phase, Ramp, Train};

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
    fn expand(&self, sparsity: f32, after: &[Phase], args: &Args) -> Vec<Phase> {
        let ramp = |phase: &Phase| match phase {
            Phase::Train(train) => {
                let end = ((train.steps as f32 * args.float(&END)) as usize)
                    .clamp(1, train.steps.max(1) - usize::from(train.steps > 1));
                Phase::Train(Train { ramp: Some(Ramp { every: args.int(&EVERY), end, sparsity }), ..train.clone() })
            }
            other => other.clone(),
        };
        after.iter().map(ramp).collect()
    }

    fn needs_training(&self) -> bool {
        true
    }
}
