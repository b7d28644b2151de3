//! Fine-tune: training goes on with the mask held.

use crate::base::part::{Args, Meta, source};

use super::{After, RATE, Recovery, STEPS, train};

crate::part!(Meta {
    id: "fine-tune",
    name: "Fine-tune",
    what: "Training goes on for some steps; what is cut stays cut.",
    formula: "w ← w - η m ∘ ∂L/∂w",
    sources: &[source("Han et al., NeurIPS 2015", "https://arxiv.org/abs/1506.02626")],
    params: &[STEPS, RATE],
});

impl Recovery for Part {
    fn after(&self, args: &Args) -> After {
        After { train: Some(train(args)), ..After::default() }
    }
}
