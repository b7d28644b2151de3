//! Exponential (gradual): the same share of what is left goes every few training steps.

use crate::base::part::{Args, Meta, source};
use crate::prune::rhythm::{RampShape, Rhythm};

use super::{END, EVERY, Schedule, ramp};

crate::part!(Meta {
    id: "exponential-ramp",
    name: "Exponential (gradual)",
    what: "The same share of what is left goes every few training steps.",
    formula: "s_t = 1 - (1 - s)^(t/T)",
    sources: &[source("Frankle and Carbin, ICLR 2019 (rounds without rewinding)", "https://arxiv.org/abs/1803.03635")],
    params: &[EVERY, END],
});

impl Schedule for Part {
    fn rhythm(&self, sparsity: f32, args: &Args) -> Rhythm {
        ramp(sparsity, RampShape::Exponential, args)
    }

    fn needs_training(&self) -> bool {
        true
    }
}
