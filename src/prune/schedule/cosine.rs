//! Cosine (gradual): cut a little every few training steps, slowly at first and at the end, fast in between.

use crate::base::part::{Args, Meta, source};
use crate::prune::rhythm::{RampShape, Rhythm};

use super::{END, EVERY, Schedule, ramp};

crate::part!(Meta {
    id: "cosine-ramp",
    name: "Cosine (gradual)",
    what: "Cut a little every few training steps, slowly at first and at the end, fast in between.",
    formula: "s_t = s (1 - cos πt/T)/2",
    sources: &[source("Dettmers and Zettlemoyer, 2019 (annealing)", "https://arxiv.org/abs/1907.04840")],
    params: &[EVERY, END],
});

impl Schedule for Part {
    fn rhythm(&self, sparsity: f32, args: &Args) -> Rhythm {
        ramp(sparsity, RampShape::Cosine, args)
    }

    fn needs_training(&self) -> bool {
        true
    }
}
