//! L1 on batch norm scales: channels that the loss can spare are shrunk before they are cut.

use std::rc::Rc;

use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::base::{Error, Result};
use crate::graph::Graph;
use crate::prune::hook::shrinking;
use crate::prune::recovery::Retraining;
use crate::train::hook::Hook;

use super::Penalty;

static STRENGTH: Param = Param {
    key: "strength",
    label: "Strength",
    what: "λ: how hard every scale is pulled towards zero.",
    kind: ParamKind::Float { default: 0.003, min: 0.000_001, max: 0.1, log: true },
};
static STEPS: Param = Param {
    key: "steps",
    label: "Training steps",
    what: "Steps of training under the penalty before the first cut.",
    kind: ParamKind::Int { default: 200, min: 1, max: 20_000 },
};
static RATE: Param = Param {
    key: "lr",
    label: "Learning rate",
    what: "Highest learning rate of that training.",
    kind: ParamKind::Float { default: 0.02, min: 0.000_1, max: 1.0, log: true },
};

crate::part!(Meta {
    id: "bn-l1",
    name: "L1 on batch norm",
    what: "Before the cut the network is trained while every scale of its batch norms is pulled towards zero by the same.",
    formula: "L + λ Σ |γ|",
    sources: &[source("Liu et al., ICCV 2017", "https://arxiv.org/abs/1708.06519")],
    params: &[STRENGTH, STEPS, RATE],
});

impl Penalty for Part {
    fn ask(&self, graph: &Graph) -> Result<()> {
        match graph.has_norms() {
            true => Ok(()),
            false => Err(Error::setting("penalty", "this network has no batch norm whose scales could shrink")
                .hint("choose a network with batch norm, or no penalty")),
        }
    }

    fn training(&self, args: &Args) -> Option<(Retraining, Rc<dyn Hook>)> {
        let own = Retraining { steps: args.int(&STEPS), rate: args.float(&RATE), distil: None };
        Some((own, shrinking(args.float(&STRENGTH))))
    }
}
