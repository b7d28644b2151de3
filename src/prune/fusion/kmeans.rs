//! k-means: the kept weights of a layer share a few numbers.

use std::rc::Rc;

use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::prune::hook::shared;
use crate::prune::recovery::Retraining;
use crate::train::hook::Hook;

use super::Fusion;

static BITS: Param = Param {
    key: "bits",
    label: "Bits a weight",
    what: "A layer's weights share 2 to this power different numbers. Saved files hold each once, and a short code a weight.",
    kind: ParamKind::Int { default: 4, min: 1, max: 8 },
};
static STEPS: Param = Param {
    key: "steps",
    label: "Training steps",
    what: "Steps of training of the shared numbers once they are found; 0 leaves them where k-means put them.",
    kind: ParamKind::Int { default: 0, min: 0, max: 20_000 },
};
static RATE: Param = Param {
    key: "lr",
    label: "Learning rate",
    what: "Highest learning rate of that training. A shared number moves by the sum over its weights, so it is far below that of single weights.",
    kind: ParamKind::Float { default: 0.002, min: 0.000_001, max: 0.1, log: true },
};

crate::part!(Meta {
    id: "kmeans",
    name: "k-means",
    what: "The kept weights of a layer share a few numbers: a much smaller file, no faster network.",
    formula: "w becomes the nearest of 2^b centroids c, which minimise the sum of (w - c)^2; then c moves by the sum of dL/dw over its weights",
    sources: &[source("Han et al., ICLR 2016", "https://arxiv.org/abs/1510.00149")],
    params: &[BITS, STEPS, RATE],
});

impl Fusion for Part {
    fn centroids(&self, args: &Args) -> Option<usize> {
        Some(1 << args.int(&BITS))
    }

    fn training(&self, args: &Args) -> Option<(Retraining, Rc<dyn Hook>)> {
        let steps = args.int(&STEPS);
        (steps > 0).then(|| (Retraining { steps, rate: args.float(&RATE), distil: None }, shared()))
    }
}
