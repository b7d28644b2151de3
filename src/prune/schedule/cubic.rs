//! Cubic: gradual magnitude pruning's ramp, fast at first and slow at the end, while training goes on.

use crate::base::part::{Args, Meta, source};
use crate::prune::rhythm::{RampShape, Rhythm};

use super::{END, EVERY, Schedule, ramp};

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
        ramp(sparsity, RampShape::Cubic, args)
    }

    fn needs_training(&self) -> bool {
        true
    }
}
