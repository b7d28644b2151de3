//! Block influence: Branches that hardly turn the stream go.
//!
//! s = 1 - mean cos(x, x + f(x))

use crate::base::part::{Args, Meta, source};
use crate::base::{Error, Result, Tensor};
use crate::graph::couple::Bypass;
use crate::prune::layer::Layer;
use crate::prune::probe::{Evidence, Probe, Turns};

use super::{Criterion, Level};

crate::part!(Meta {
    id: "block-influence",
    name: "Block influence",
    what: "Residual branches that hardly turn the stream they are added to go.",
    formula: "s = 1 - cos(x, x + f(x)), mean over tokens or pixels",
    sources: &[source("Men et al., ShortGPT, 2024", "https://arxiv.org/abs/2403.03853")],
    params: &[],
});

impl Criterion for Part {
    fn level(&self) -> Level {
        Level::Branch
    }

    fn probes(&self) -> &'static [&'static dyn Probe] {
        &[&Turns]
    }

    fn score(&self, layer: &Layer, _: &Args) -> Result<Tensor> {
        Err(Error::unsupported(format!("{}: block influence is of a branch, not of a layer", layer.name()))
            .hint("choose the pattern that cuts branches"))
    }

    fn branch(&self, at: &Bypass, evidence: &Evidence) -> Result<f32> {
        let turn = Turns::of(evidence, at).map(|turn| turn as f32);
        turn.ok_or_else(|| Error::unsupported("a branch was not looked at").hint("choose another criterion"))
    }
}
