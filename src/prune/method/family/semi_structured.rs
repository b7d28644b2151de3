//! Patterns that kernels like: N of M, blocks.

use crate::base::part::source;
use crate::prune::method::Method;

/// The family's rows.
pub static ROWS: &[Method] = &[
    Method {
        id: "two-four",
        name: "2:4",
        what: "Two of every four neighbouring weights stay: the pattern of sparse tensor cores.",
        formula: "2 of 4 by |w|",
        sources: &[source("Mishra et al., 2021", "https://arxiv.org/abs/2104.08378")],
        family: "Semi-structured",
        aliases: &["n:m", "2:4", "ampere"],
        reading: "",
        recipe: "pattern=n:m pattern.n=2 pattern.m=4 criterion=magnitude allocation=layer schedule=one-shot recovery=fine-tune",
    },
    Method {
        id: "blocks",
        name: "Blocks 4x1",
        what: "Blocks of four output channels by one input go together: what is loaded is used four times.",
        formula: "mean |w| over the block",
        sources: &[source("Lin et al., 1xN, TPAMI 2022", "https://arxiv.org/abs/2105.14713")],
        family: "Semi-structured",
        aliases: &["1xn"],
        reading: "Blocks by mean magnitude, one input and tap wide; the paper's blocks span the kernel.",
        recipe: "pattern=block pattern.rows=4 pattern.columns=1 criterion=magnitude allocation=global schedule=one-shot recovery=fine-tune sparsity=0.8",
    },
    Method {
        id: "sparsegpt-24",
        name: "SparseGPT 2:4",
        what: "Two of every four neighbouring weights are kept, chosen while the sweep passes over them.",
        formula: "of every 4 cut the 2 of least w²/U_jj²",
        sources: &[source("Frantar and Alistarh, ICML 2023", "https://arxiv.org/abs/2301.00774")],
        family: "Semi-structured",
        aliases: &["2:4 sparsegpt"],
        reading: "Towards the dense network's sums, norms taken anew on the way.",
        recipe: "pattern=n:m pattern.n=2 pattern.m=4 criterion=magnitude allocation=layer schedule=one-shot solver=sparsegpt recovery=none",
    },
    Method {
        id: "sr-ste",
        name: "SR-STE 2:4",
        what: "Two of every four neighbouring weights are kept, chosen anew in every training step; what is cut decays and may come back.",
        formula: "g ← ∂L/∂(m ∘ w) + λ (1 - m) ∘ w",
        sources: &[source("Zhou et al., ICLR 2021", "https://arxiv.org/abs/2102.04010")],
        family: "Semi-structured",
        aliases: &["n:m from scratch", "straight-through"],
        reading: "From trained weights; the paper trains from scratch.",
        recipe: "pattern=n:m pattern.n=2 pattern.m=4 criterion=magnitude allocation=layer schedule=one-shot gate=sr-ste recovery=fine-tune",
    },
];
