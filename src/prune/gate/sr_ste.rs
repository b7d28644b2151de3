//! SR-STE: masks chosen anew in every step; gradients go straight through them, and what is cut decays.

use std::rc::Rc;

use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::prune::hook::{Aim, Refresh, through};
use crate::train::hook::Hook;

use super::Gate;

static DECAY: Param = Param {
    key: "decay",
    label: "Decay of what is cut",
    what: "λ: added to the gradient of cut weights, times the weight, so that masks come to rest.",
    kind: ParamKind::Float { default: 0.000_2, min: 0.0, max: 1.0, log: false },
};

crate::part!(Meta {
    id: "sr-ste",
    name: "SR-STE",
    what: "In every step the mask is chosen anew from the weights as they are stored; all of them learn from the cut network's gradient.",
    formula: "g ← ∂L/∂(m ∘ w) + λ (1 - m) ∘ w",
    sources: &[source("Zhou et al., ICLR 2021", "https://arxiv.org/abs/2102.04010")],
    params: &[DECAY],
});

impl Gate for Part {
    fn hook(&self, aim: Aim, args: &Args) -> Option<Rc<dyn Hook>> {
        Some(through(aim, Refresh { every: 1, end: 0.0, decay: args.float(&DECAY) }))
    }
}
