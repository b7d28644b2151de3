//! STR: each layer learns the threshold below which its weights are zero.

use std::rc::Rc;

use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::prune::hook::{Aim, thresholds};
use crate::train::hook::Hook;

use super::Gate;

static START: Param = Param {
    key: "start",
    label: "Start",
    what: "s of every layer at first: its threshold is sigmoid(s). Very negative cuts nothing at first.",
    kind: ParamKind::Float { default: -5.0, min: -100.0, max: 0.0, log: false },
};
static DECAY: Param = Param {
    key: "decay",
    label: "Decay of s",
    what: "Pulls s up to 0 and with it the thresholds: the more, the more is cut.",
    kind: ParamKind::Float { default: 0.05, min: 0.0, max: 10.0, log: false },
};

crate::part!(Meta {
    id: "str",
    name: "Learned thresholds (STR)",
    what: "Weights are seen through a soft threshold that each layer learns; how much is cut follows from that.",
    formula: "ŵ = sign(w) max(|w| - sigmoid(s_l), 0), s_l learned",
    sources: &[source("Kusupati et al., ICML 2020", "https://arxiv.org/abs/2002.03231")],
    params: &[START, DECAY],
});

impl Gate for Part {
    fn follows(&self) -> bool {
        true
    }

    fn hook(&self, aim: Aim, args: &Args) -> Option<Rc<dyn Hook>> {
        Some(thresholds(aim.weights, args.float(&START), Some(args.float(&DECAY))))
    }
}
