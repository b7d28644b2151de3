//! Linear (gradual): the same number of weights goes every few training steps.

use crate::base::part::{Args, Meta, source};
use crate::prune::rhythm::{RampShape, Rhythm};

use super::{END, EVERY, Schedule, ramp};

crate::part!(Meta {
    id: "linear-ramp",
    name: "Linear (gradual)",
    what: "The same number of weights goes every few training steps.",
    formula: "s_t = s t/T",
    sources: &[source("Zhu and Gupta, 2017 (exponent 1)", "https://arxiv.org/abs/1710.01878")],
    params: &[EVERY, END],
});

impl Schedule for Part {
    fn rhythm(&self, sparsity: f32, args: &Args) -> Rhythm {
        ramp(sparsity, RampShape::Linear, args)
    }

    fn needs_training(&self) -> bool {
        true
    }
}
