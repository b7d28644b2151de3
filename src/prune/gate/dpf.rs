//! DPF: masks chosen anew every few steps while the cut grows; cut weights go on learning from the cut network's gradient.

use std::rc::Rc;

use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::prune::hook::{Aim, Refresh, through};
use crate::train::hook::Hook;

use super::Gate;

static EVERY: Param = Param {
    key: "every",
    label: "Every",
    what: "Training steps between two choices of the mask.",
    kind: ParamKind::Int { default: 16, min: 1, max: 500 },
};
static END: Param = Param {
    key: "end",
    label: "End",
    what: "Share of the training over which the cut grows, fast at first and slowly at the end.",
    kind: ParamKind::Float { default: 0.5, min: 0.0, max: 1.0, log: false },
};

crate::part!(Meta {
    id: "dpf",
    name: "Feedback (DPF)",
    what: "The cut network gives the gradient, the whole one takes the step: what was cut by mistake grows and comes back.",
    formula: "w ← w - η ∂L/∂w at m ∘ w; m = largest |w|, every p steps",
    sources: &[source("Lin et al., ICLR 2020", "https://arxiv.org/abs/2006.07253")],
    params: &[EVERY, END],
});

impl Gate for Part {
    fn hook(&self, aim: Aim, args: &Args) -> Option<Rc<dyn Hook>> {
        Some(through(aim, Refresh { every: args.int(&EVERY), end: args.float(&END), decay: 0.0 }))
    }
}
