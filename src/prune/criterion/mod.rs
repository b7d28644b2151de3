//! Criteria: which weights or channels go.

mod apoz;
mod block_influence;
mod bn_scale;
mod fisher;
mod fpgm;
mod gate;
mod grasp;
mod l1_norm;
mod l2_norm;
mod magnitude;
mod random;
mod snip;
mod synflow;
mod taylor;
mod wanda;

use crate::base::part::{Args, Part};
use crate::base::{Error, Flat, Result, Tensor};
use crate::graph::couple::Bypass;

use super::facts::Facts;
use super::layer::Layer;
use super::probe::{Evidence, Probe};

/// What a criterion scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Each weight: works with every pattern.
    Weight,
    /// Each output channel: works with patterns that cut channels.
    Channel,
    /// Each residual branch: works with patterns that cut those.
    Branch,
}

/// A rule that scores; higher is kept.
pub trait Criterion: Part {
    /// What is scored.
    fn level(&self) -> Level {
        Level::Weight
    }

    /// Why it does not go with the other parts of a recipe.
    fn clash(&self, _: &Args, with: &Facts) -> Option<String> {
        let (own, pattern) = (self.meta().name, with.names.pattern);
        match self.level() {
            Level::Channel if !with.channelwise => {
                Some(format!("{own} scores whole channels, and {pattern} cuts single weights"))
            }
            Level::Branch if !with.branchwise => {
                Some(format!("{own} scores residual branches, and {pattern} cuts within layers"))
            }
            _ => None,
        }
    }

    /// What must be gathered first.
    fn probes(&self) -> &'static [&'static dyn Probe] {
        &[]
    }

    /// Whether a layer has what the scores are made of, as far as that can be known before a run.
    ///
    /// # Errors
    /// When it has not; the message names the layer.
    fn ask(&self, layer: &Layer) -> Result<()> {
        let _ = layer;
        Ok(())
    }

    /// Whether scores depend on the weights at all; those of a lot do not.
    fn reads_weights(&self) -> bool {
        true
    }

    /// Rounds of one event: the goal is approached in equal ratios, with evidence gathered anew.
    fn rounds(&self, args: &Args) -> usize {
        let _ = args;
        1
    }

    /// What the answers are divided by before the loss.
    fn temperature(&self, args: &Args) -> f32 {
        let _ = args;
        1.0
    }

    /// Scores in the shape of the weight, or `[out]` for channels.
    ///
    /// # Errors
    /// When evidence is missing or the layer has not what is asked for.
    fn score(&self, layer: &Layer, args: &Args) -> Result<Tensor>;

    /// The score of a residual branch, for [`Level::Branch`].
    ///
    /// # Errors
    /// When evidence is missing, or it scores no branches.
    fn branch(&self, at: &Bypass, evidence: &Evidence) -> Result<f32> {
        let _ = (at, evidence);
        Err(Error::unsupported(format!("{} scores no branches", self.meta().name)))
    }
}

/// All criteria; the first is the control that every other must beat.
pub static ALL: &[&dyn Criterion] = &[
    &random::Part,
    &magnitude::Part,
    &l1_norm::Part,
    &l2_norm::Part,
    &fpgm::Part,
    &bn_scale::Part,
    &taylor::Part,
    &snip::Part,
    &grasp::Part,
    &synflow::Part,
    &fisher::Part,
    &wanda::Part,
    &apoz::Part,
    &gate::Part,
    &block_influence::Part,
];

/// The criterion that stands in where another's scores cannot be had at once.
pub fn stand_in(level: Level) -> &'static dyn Criterion {
    match level {
        Level::Channel => &l1_norm::Part,
        _ => &magnitude::Part,
    }
}

/// One number for each output channel of a weight.
fn by_channel(weight: &Tensor, f: impl Fn(&[f32]) -> f64) -> Result<Tensor> {
    let outputs = weight.shape()[0];
    let scores = weight.flat().chunks(weight.len() / outputs.max(1)).map(|filter| f(filter) as f32).collect();
    crate::base::tensor::from_vec(&[outputs], scores)
}

/// What the hand-worked tests of criteria share.
#[cfg(test)]
mod testing {
    use super::*;
    use crate::base::tensor;
    use crate::graph::{Builder, Graph};
    use crate::prune::probe::Evidence;

    /// Evidence for the one weight of [`scores`].
    pub type Give<'a> = &'a dyn Fn(&mut Evidence, usize);

    /// Scores of a 2 x 2 linear layer with the given weights and evidence.
    pub fn scores(part: &dyn Criterion, weight: [f32; 4], give: Give) -> Vec<f32> {
        let graph = layer(weight);
        let (node, id) = graph.layers().next().expect("one layer");
        let mut evidence = Evidence::default();
        give(&mut evidence, id);
        let view = Layer::new(&graph, &graph.nodes[node], id, &evidence, 1);
        part.score(&view, &Args::defaults(part.meta())).expect("a score").flat().to_vec()
    }

    fn layer(weight: [f32; 4]) -> Graph {
        let mut b = Builder::new(&[2], 1);
        let x = b.input();
        let y = b.linear("fc", x, 2).expect("two by two");
        let mut graph = b.finish(y);
        let (_, id) = graph.layers().next().expect("one layer");
        *graph.data_mut(id).expect("a parameter") = matrix(weight);
        graph
    }

    /// A 2 x 2 tensor.
    pub fn matrix(data: [f32; 4]) -> Tensor {
        tensor::from_vec(&[2, 2], data.to_vec()).expect("two by two")
    }
}
