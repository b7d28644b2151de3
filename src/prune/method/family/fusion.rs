//! What makes a network smaller besides a cut, or in its place.

use crate::base::part::source;
use crate::prune::method::Method;

/// The family's rows.
pub static ROWS: &[Method] = &[
    Method {
        id: "deep-compression",
        name: "Deep Compression",
        what: "Prune, fine-tune, then let the kept weights of each layer share sixteen numbers, which are trained and then saved with Huffman codes.",
        formula: "keep the largest |w|; w becomes the nearest of 2^b centroids c, which move by Σ ∂L/∂w over their weights; a code of about log2(1/p) bits for each",
        sources: &[source("Han et al., ICLR 2016", "https://arxiv.org/abs/1510.00149")],
        family: "Fusion",
        aliases: &["k-means", "weight sharing", "huffman", "quantization"],
        reading: "The shared numbers are trained for a hundred steps. Positions are saved as gaps in a Rice code; the paper puts them in a Huffman code too.",
        recipe: "pattern=element criterion=magnitude allocation=global schedule=one-shot recovery=fine-tune fusion=kmeans fusion.steps=100",
    },
    Method {
        id: "low-rank",
        name: "Low rank (SVD)",
        what: "Each layer becomes two thinner ones that hold 90% of its energy; a short fine-tune follows. Dense, and smaller for it.",
        formula: "W ≈ U_r S_r Vᵀ_r, with the least r for which Σ_{i ≤ r} s_i² ≥ 0.9 Σ s_i²",
        sources: &[
            source("Denton et al., NeurIPS 2014", "https://arxiv.org/abs/1404.0736"),
            source("Jaderberg et al., BMVC 2014", "https://arxiv.org/abs/1405.3866"),
        ],
        family: "Fusion",
        aliases: &["svd", "decomposition", "factorisation", "factorization", "tensor"],
        reading: "Both layers get the root of the strength, which trains better than one that has all of it. A convolution is taken as one matrix, [out, in · taps], and becomes a convolution of r channels and one of single pixels; the papers also split its two directions. Layers that this would not make smaller stay.",
        recipe: "pattern=element criterion=magnitude allocation=global schedule=one-shot recovery=fine-tune fusion=low-rank",
    },
];
