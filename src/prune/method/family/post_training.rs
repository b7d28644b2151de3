//! Cuts of a trained network that is not trained again: at most what is left is solved for.

use crate::base::part::source;
use crate::prune::method::Method;

/// The family's rows.
pub static ROWS: &[Method] = &[
    Method {
        id: "wanda",
        name: "Wanda",
        what: "Weight times the norm of its input, compared within each output; no training after.",
        formula: "|w| · ‖x‖₂",
        sources: &[source("Sun et al., ICLR 2024", "https://arxiv.org/abs/2306.11695")],
        family: "Post-training",
        aliases: &[],
        reading: "Published for linear layers; for convolutions the norm is that of the input channel.",
        recipe: "pattern=element pattern.per=row criterion=wanda allocation=layer schedule=one-shot recovery=none sparsity=0.5",
    },
    Method {
        id: "magnitude-post",
        name: "Magnitude, no retraining",
        what: "Global magnitude with batch norm recalibrated and nothing else.",
        formula: "|w|",
        sources: &[source("Li et al., EagleEye, ECCV 2020", "https://arxiv.org/abs/2007.02491")],
        family: "Post-training",
        aliases: &["eagleeye"],
        reading: "",
        recipe: "pattern=element criterion=magnitude allocation=global schedule=one-shot recovery=bn-recalibrate sparsity=0.7",
    },
    Method {
        id: "least-squares",
        name: "Least squares",
        what: "The smallest weights go, and in each layer the others are fitted so that it gives the dense network's own sums. Nothing is trained.",
        formula: "min over ŵ on the mask: Σ (w·x - ŵ·x̂)² + λ |ŵ - w|²",
        sources: &[
            source("He et al., ICCV 2017", "https://arxiv.org/abs/1707.06168"),
            source("Hubara et al., AdaPrune, NeurIPS 2021", "https://arxiv.org/abs/2102.08124"),
        ],
        family: "Post-training",
        aliases: &["adaprune", "reconstruction", "weight update"],
        reading: "Targets are the dense network's sums and norms are taken anew on the way; solved exactly, not by gradient steps.",
        recipe: "pattern=element criterion=magnitude allocation=global schedule=one-shot solver=least-squares recovery=none sparsity=0.8",
    },
    Method {
        id: "sparsegpt",
        name: "SparseGPT",
        what: "One sweep over the columns of each layer, the same share of each; what a column loses, those after it make up for. As published.",
        formula: "cut least w²/U_jj²; W[:, j..] -= (w - ŵ)/U_jj · U[j, j..]",
        sources: &[source("Frantar and Alistarh, ICML 2023", "https://arxiv.org/abs/2301.00774")],
        family: "Post-training",
        aliases: &["obs sweep", "gptq pruning"],
        reading: "Counts by layer are exact; the authors' code cuts one weight more of each block. Norms keep their statistics.",
        recipe: "pattern=element criterion=magnitude allocation=layer schedule=one-shot solver=sparsegpt solver.toward=pruned solver.norms=kept recovery=none sparsity=0.5",
    },
    Method {
        id: "sparsegpt-global",
        name: "SparseGPT, shared out",
        what: "SparseGPT with as many weights of each layer as global magnitude keeps, towards the dense network's sums, and fitted once more.",
        formula: "counts by global |w|; the sweep; then min over ŵ: Σ (w·x - ŵ·x̂)²",
        sources: &[source("Frantar and Alistarh, ICML 2023", "https://arxiv.org/abs/2301.00774")],
        family: "Post-training",
        aliases: &[],
        reading: "Our reading throughout: the paper cuts the same share of every layer.",
        recipe: "pattern=element criterion=magnitude allocation=global schedule=one-shot solver=sparsegpt solver.refit=once recovery=none sparsity=0.8",
    },
    Method {
        id: "obc",
        name: "OBC",
        what: "Weights go one by one, each time the one that costs least, and the rest of its row makes up for it: exact, and slow.",
        formula: "p = argmin w_p²/[H⁻¹]_pp; w -= w_p/[H⁻¹]_pp · H⁻¹[:, p]",
        sources: &[source("Frantar and Alistarh, NeurIPS 2022", "https://arxiv.org/abs/2208.11580")],
        family: "Post-training",
        aliases: &["exactobs", "optimal brain compression", "obs"],
        reading: "Counts by layer are global magnitude's; the paper finds them by a search over layers.",
        recipe: "pattern=element criterion=magnitude allocation=global schedule=one-shot solver=obc recovery=none sparsity=0.8",
    },
];
