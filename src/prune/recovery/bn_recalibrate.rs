//! Recalibrate: batch norms take their statistics anew; no weight moves.

use crate::base::part::{Args, Meta, Param, ParamKind, source};

use super::{After, Recovery};

static BATCHES: Param = Param {
    key: "batches",
    label: "Batches",
    what: "Batches of 64 training images that the statistics are taken from.",
    kind: ParamKind::Int { default: 16, min: 1, max: 150 },
};

crate::part!(Meta {
    id: "bn-recalibrate",
    name: "Recalibrate batch norm",
    what: "Batch norms take their statistics anew; no weight moves, no label is used.",
    formula: "μ, σ² ← mean and variance over the batches",
    sources: &[source("Li et al., EagleEye, ECCV 2020", "https://arxiv.org/abs/2007.02491")],
    params: &[BATCHES],
});

impl Recovery for Part {
    fn after(&self, args: &Args) -> After {
        After { recalibrate: Some(args.int(&BATCHES)), ..After::default() }
    }
}
