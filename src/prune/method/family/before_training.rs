//! Cuts of a network that has learned nothing.

use crate::base::part::source;
use crate::prune::method::Method;

/// The family's rows.
pub static ROWS: &[Method] = &[
    Method {
        id: "snip",
        name: "SNIP",
        what: "One look at the gradient of the untrained network, then training.",
        formula: "|w · ∂L/∂w|",
        sources: &[source("Lee et al., ICLR 2019", "https://arxiv.org/abs/1810.02340")],
        family: "Before training",
        aliases: &[],
        reading: "Trains for far fewer steps than the paper unless recovery.steps is raised.",
        recipe: "pattern=element criterion=snip allocation=global schedule=before recovery=fine-tune recovery.steps=400 recovery.lr=0.05",
    },
    Method {
        id: "grasp",
        name: "GraSP",
        what: "Keeps what preserves the flow of gradients in the untrained network.",
        formula: "w · (H ∂L/∂w)",
        sources: &[source("Wang et al., ICLR 2020", "https://arxiv.org/abs/2002.07376")],
        family: "Before training",
        aliases: &[],
        reading: "Exact Hessian-gradient products over the calibration batches, batch statistics.",
        recipe: "pattern=element criterion=grasp allocation=global schedule=before recovery=fine-tune recovery.steps=400 recovery.lr=0.05",
    },
    Method {
        id: "synflow",
        name: "SynFlow",
        what: "Data-free: keeps what carries flow from input to output, in a hundred rounds.",
        formula: "|w| · ∂R/∂|w|",
        sources: &[source("Tanaka et al., NeurIPS 2020", "https://arxiv.org/abs/2006.05467")],
        family: "Before training",
        aliases: &[],
        reading: "",
        recipe: "pattern=element criterion=synflow allocation=global schedule=before recovery=fine-tune recovery.steps=400 recovery.lr=0.05",
    },
    Method {
        id: "static-random",
        name: "Static random sparse (ERK)",
        what: "A random mask with densities by layer shape, then training: the control for pruning before training.",
        formula: "m ~ ERK",
        sources: &[
            source("Evci et al., ICML 2020", "https://arxiv.org/abs/1911.11134"),
            source("Liu et al., ICLR 2022", "https://arxiv.org/abs/2202.02643"),
        ],
        family: "Before training",
        aliases: &["erk"],
        reading: "",
        recipe: "pattern=element criterion=random allocation=erk schedule=before recovery=fine-tune recovery.steps=400 recovery.lr=0.05",
    },
];
