//! None: the cut network as it is.

use crate::base::part::{Args, Meta, source};

use super::{After, Recovery};

crate::part!(Meta {
    id: "none",
    name: "None",
    what: "The cut network as it is: shows what the cut alone costs.",
    formula: "w ∘ m",
    sources: &[source("Frantar and Alistarh, ICML 2023 (one-shot, no retraining)", "https://arxiv.org/abs/2301.00774")],
    params: &[],
});

impl Recovery for Part {
    fn after(&self, _: &Args) -> After {
        After::default()
    }
}
