//! Cubic: gradual magnitude pruning's ramp, fast at first and slow at the end, while training goes on.

use crate::base::part::{Args, Kind, Meta, Param, source};
use crate::prune::phase::{Phase, Ramp, Train};

use super::Schedule;

static EVERY: Param = Param {
    key: "every",
    label: "Every",
    what: "Training steps between two cuts.",
    kind: Kind::Int { default: 10, min: 1, max: 500 },
};
static END: Param = Param {
    key: "end",
    label: "End",
    what: "Share of the training steps after which nothing more is cut.",
    kind: Kind::Float { default: 0.7, min: 0.1, max: 1.0, log: false },
};

crate::part!(Meta {
    id: "cubic",
    name: "Cubic (gradual)",
    what: "Cut a little every few training steps, fast at first and slowly at the end.",
    formula: "s_t = s - s (1 - t/T)³",
    sources: &[source("Zhu and Gupta, 2017", "https://arxiv.org/abs/1710.01878")],
    params: &[EVERY, END],
});

/// The share cut at time t of a ramp from `from` at `start` to `to` at `end`.
pub fn share(t: f32, start: f32, end: f32, from: f32, to: f32) -> f32 {
    let left = 1.0 - ((t - start) / (end - start).max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
    to + (from - to) * left * left * left
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let at = |t: f32| share(t, 10.0, 110.0, 0.0, 0.8);
        assert_eq!((at(0.0), at(10.0), at(60.0), at(200.0)), (0.0, 0.0, 0.7, 0.8));
    }
}
