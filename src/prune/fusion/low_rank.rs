//! Low rank: a layer becomes two thinner ones.

use crate::base::part::{self, Args, Meta, Param, ParamKind, source};
use crate::prune::facts::Facts;

use super::Fusion;

static ENERGY: Param = Param {
    key: "energy",
    label: "Energy kept",
    what: "Each layer keeps its strongest directions, as few as hold this share of the sum of its squared singular values.",
    kind: ParamKind::Float { default: 0.9, min: 0.1, max: 0.999, log: false },
};

crate::part!(Meta {
    id: "low-rank",
    name: "Low rank",
    what: "Each layer becomes two thinner ones, whose product is the nearest to its weights that there is of so low a rank.",
    formula: "W = U S Vᵀ; the layer becomes √S_r Vᵀ_r and then U_r √S_r, with the least r for which Σ_{i ≤ r} s_i² ≥ e Σ s_i²",
    sources: &[
        source("Denton et al., NeurIPS 2014", "https://arxiv.org/abs/1404.0736"),
        source("Jaderberg et al., BMVC 2014", "https://arxiv.org/abs/1405.3866"),
    ],
    params: &[ENERGY],
});

impl Fusion for Part {
    fn clash(&self, _: &Args, with: &Facts) -> Option<String> {
        let own = part::Part::meta(self).name;
        with.no_place_for_a_cut(own, "leaves out directions of whole weights, by their singular values")
    }

    fn energy(&self, args: &Args) -> Option<f64> {
        Some(f64::from(args.float(&ENERGY)))
    }
}
