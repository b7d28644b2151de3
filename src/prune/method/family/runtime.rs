//! What each image switches off while the network runs.

use crate::base::part::source;
use crate::prune::method::Method;

/// The family's rows.
pub static ROWS: &[Method] = &[Method {
    id: "fbs",
    name: "Feature boosting and suppression (FBS)",
    what: "Each image runs the half of every layer's channels that matter most to it, as a small predictor says; nothing is cut for good.",
    formula: "g = relu(φ mean|x| + ρ); y = a (g norm(W x) + β), a = 1 for the ⌈d C⌉ channels with the largest g > 0",
    sources: &[source("Gao et al., ICLR 2019", "https://arxiv.org/abs/1810.05331")],
    family: "Run-time",
    aliases: &["dynamic", "conditional computation", "channel gating", "runtime", "gates"],
    reading: "It starts trained, with all channels running; they fall to the density over the first quarter of a training with the unpruned network as teacher; the paper trains long on labels. The norm keeps its scale beside g. Penalised are saliencies of channels that run, as in the authors' code. Channels that come in as zeros are skipped too.",
    recipe: "pattern=element criterion=magnitude allocation=global schedule=one-shot runtime=fbs recovery=distil recovery.alpha=0.95 recovery.steps=500 recovery.lr=0.1",
}];
