//! Cuts of a trained network that is trained on.

use crate::base::part::source;
use crate::prune::method::Method;

/// The family's rows.
pub static ROWS: &[Method] = &[
    Method {
        id: "lamp",
        name: "LAMP",
        what: "Magnitudes measured against what is left above them in their layer, ranked globally.",
        formula: "w_u² / Σ_{v ≥ u} w_v²",
        sources: &[source("Lee et al., ICLR 2021", "https://arxiv.org/abs/2010.07611")],
        family: "After training",
        aliases: &[],
        reading: "",
        recipe: "pattern=element criterion=magnitude allocation=lamp schedule=one-shot recovery=fine-tune",
    },
    Method {
        id: "imp",
        name: "Iterative magnitude",
        what: "Cut, fine-tune, cut again: the same share of what is left each round.",
        formula: "s_r = 1 - (1 - s)^(r/R)",
        sources: &[
            source("Han et al., NeurIPS 2015", "https://arxiv.org/abs/1506.02626"),
            source("Renda et al., ICLR 2020", "https://arxiv.org/abs/2003.02389"),
        ],
        family: "After training",
        aliases: &["iterative magnitude pruning"],
        reading: "",
        recipe: "pattern=element criterion=magnitude allocation=global schedule=iterative recovery=fine-tune",
    },
    Method {
        id: "lottery-ticket",
        name: "Lottery ticket",
        what: "Iterative magnitude pruning whose survivors go back to their first weights and learn again.",
        formula: "w ← w₀ ∘ m",
        sources: &[source("Frankle and Carbin, ICLR 2019", "https://arxiv.org/abs/1803.03635")],
        family: "After training",
        aliases: &["lth", "imp with rewinding", "winning ticket"],
        reading: "Rewinds to the very first weights (k = 0), and retrains for far fewer steps than the paper unless recovery.steps is raised.",
        recipe: "pattern=element criterion=magnitude allocation=global schedule=iterative recovery=rewind recovery.steps=200 recovery.lr=0.05",
    },
    Method {
        id: "distilled-magnitude",
        name: "Magnitude with distillation",
        what: "Global magnitude, then the network learns from its unpruned self.",
        formula: "α T² KL + (1 - α) CE",
        sources: &[source("Hinton et al., 2015", "https://arxiv.org/abs/1503.02531")],
        family: "After training",
        aliases: &["kd", "knowledge distillation"],
        reading: "",
        recipe: "pattern=element criterion=magnitude allocation=global schedule=one-shot recovery=distil",
    },
    Method {
        id: "taylor",
        name: "Taylor",
        what: "Weights whose removal changes the loss least, to first order.",
        formula: "(w · ∂L/∂w)²",
        sources: &[source("Molchanov et al., CVPR 2019", "https://arxiv.org/abs/1906.10771")],
        family: "After training",
        aliases: &[],
        reading: "The paper scores channels; this row scores single weights by the same formula.",
        recipe: "pattern=element criterion=taylor allocation=global schedule=one-shot recovery=fine-tune",
    },
    Method {
        id: "fisher",
        name: "Fisher (diagonal)",
        what: "Optimal brain damage with the Fisher diagonal in place of the Hessian's.",
        formula: "½ F w²",
        sources: &[
            source(
                "LeCun et al., NIPS 1989",
                "https://proceedings.neurips.cc/paper/1989/hash/6c9882bbac1c7093bd25041881277658-Abstract.html",
            ),
            source("Theis et al., 2018", "https://arxiv.org/abs/1801.05787"),
        ],
        family: "After training",
        aliases: &["obd", "optimal brain damage"],
        reading: "Labels of the training set, one gradient per example.",
        recipe: "pattern=element criterion=fisher allocation=global schedule=one-shot recovery=fine-tune",
    },
];
