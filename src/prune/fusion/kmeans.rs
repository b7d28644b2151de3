//! k-means: the kept weights of a layer share a few numbers.

use crate::base::part::{Args, Meta, Param, ParamKind, source};

use super::Fusion;

static BITS: Param = Param {
    key: "bits",
    label: "Bits a weight",
    what: "A layer's weights share 2 to this power different numbers. Saved files hold each once, and a short code a weight.",
    kind: ParamKind::Int { default: 4, min: 1, max: 8 },
};

crate::part!(Meta {
    id: "kmeans",
    name: "k-means",
    what: "The kept weights of a layer share a few numbers: a much smaller file, no faster network.",
    formula: "w becomes the nearest of 2^b centroids c, which minimise the sum of (w - c)^2",
    sources: &[source("Han et al., ICLR 2016", "https://arxiv.org/abs/1510.00149")],
    params: &[BITS],
});

impl Fusion for Part {
    fn centroids(&self, args: &Args) -> Option<usize> {
        Some(1 << args.int(&BITS))
    }
}
