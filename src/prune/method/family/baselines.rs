//! What every other method has to beat.

use crate::base::part::source;
use crate::prune::method::Method;

/// The family's rows.
pub static ROWS: &[Method] = &[
    Method {
        id: "global-magnitude",
        name: "Global magnitude",
        what: "The smallest weights of the whole network go; a short fine-tune follows. The baseline that is hard to beat.",
        formula: "keep the largest |w| of the network",
        sources: &[source("Han et al., NeurIPS 2015", "https://arxiv.org/abs/1506.02626")],
        family: "Baselines",
        aliases: &["gmp global", "one-shot magnitude"],
        reading: "",
        recipe: "pattern=element criterion=magnitude allocation=global schedule=one-shot recovery=fine-tune",
    },
    Method {
        id: "random",
        name: "Random",
        what: "Weights go by lot, layer by layer: the control.",
        formula: "s ~ U(0, 1)",
        sources: &[source("Blalock et al., MLSys 2020", "https://arxiv.org/abs/2003.03033")],
        family: "Baselines",
        aliases: &[],
        reading: "",
        recipe: "pattern=element criterion=random allocation=layer schedule=one-shot recovery=fine-tune",
    },
    Method {
        id: "magnitude",
        name: "Layer magnitude",
        what: "The smallest weights of every layer go, the same share in each.",
        formula: "keep the largest |w| of each layer",
        sources: &[source("Han et al., NeurIPS 2015", "https://arxiv.org/abs/1506.02626")],
        family: "Baselines",
        aliases: &[],
        reading: "",
        recipe: "pattern=element criterion=magnitude allocation=layer schedule=one-shot recovery=fine-tune",
    },
];
