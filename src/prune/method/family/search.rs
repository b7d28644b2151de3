//! Shares found by trying.

use crate::base::part::source;
use crate::prune::method::Method;

/// The family's rows.
pub static ROWS: &[Method] = &[Method {
    id: "measured-time",
    name: "Measured time",
    what: "Layers are timed on this device, and each gets the share with which the whole is three times faster at the least loss.",
    formula: "min Σ e_l(s_l) with Σ t_l(s_l) ≤ T/3",
    sources: &[
        source("Yang et al., NetAdapt, ECCV 2018", "https://arxiv.org/abs/1804.03230"),
        source("Frantar and Alistarh, SPDY, ICML 2022", "https://arxiv.org/abs/2201.13096"),
    ],
    family: "Search",
    aliases: &["latency", "netadapt", "spdy", "hardware-aware"],
    reading: "Loss is the share of squared weights that goes, layer by layer; the papers try accuracies or reconstruction errors.",
    recipe: "pattern=element criterion=magnitude allocation=global schedule=one-shot search=latency search.target=3 recovery=fine-tune",
}];
