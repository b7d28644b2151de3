//! None: the loss alone.

use std::rc::Rc;

use crate::base::part::{Args, Meta, source};
use crate::prune::recovery::Retraining;
use crate::train::hook::Hook;

use super::Penalty;

crate::part!(Meta {
    id: "none",
    name: "None",
    what: "Nothing is pressed towards zero before the cut.",
    formula: "L",
    sources: &[source("Han et al., NeurIPS 2015", "https://arxiv.org/abs/1506.02626")],
    params: &[],
});

impl Penalty for Part {
    fn presses(&self) -> bool {
        false
    }

    fn training(&self, _: &Args) -> Option<(Retraining, Rc<dyn Hook>)> {
        None
    }
}
