//! None: cuts are made in events, and hold.

use std::rc::Rc;

use crate::base::part::{Args, Meta, source};
use crate::prune::hook::Aim;
use crate::train::hook::Hook;

use super::Gate;

crate::part!(Meta {
    id: "none",
    name: "None",
    what: "What is cut in an event stays cut while the network learns.",
    formula: "w ∘ m, m fixed",
    sources: &[source("Han et al., NeurIPS 2015", "https://arxiv.org/abs/1506.02626")],
    params: &[],
});

impl Gate for Part {
    fn gates(&self) -> bool {
        false
    }

    fn hook(&self, _: Aim, _: &Args) -> Option<Rc<dyn Hook>> {
        None
    }
}
