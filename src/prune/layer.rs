//! What a criterion sees: one layer at a time, all kinds alike. Weights are [out, in, ...] throughout.

use crate::base::{Error, Result, Rng, Tensor, error::ErrorKind};
use crate::graph::op::OpKind;
use crate::graph::{Graph, Node, ValueId};

use super::probe::{Evidence, Finds};

/// A layer with what is known about it.
#[derive(Debug)]
pub struct Layer<'a> {
    graph: &'a Graph,
    node: &'a Node,
    id: ValueId,
    evidence: &'a Evidence,
    seed: u64,
}

impl<'a> Layer<'a> {
    /// The layer of a node whose weight is `id`.
    pub fn new(graph: &'a Graph, node: &'a Node, id: ValueId, evidence: &'a Evidence, seed: u64) -> Self {
        Self { graph, node, id, evidence, seed }
    }

    /// Name of the layer.
    pub fn name(&self) -> &str {
        &self.node.name
    }

    /// The weight [out, in, ...]; what is cut is zero.
    ///
    /// # Errors
    /// Never for layers of a graph.
    pub fn weight(&self) -> Result<&'a Tensor> {
        self.graph.data(self.id)
    }

    /// Output channels.
    pub fn outputs(&self) -> usize {
        self.graph.values[self.id].shape[0]
    }

    /// By output channel: whether earlier events left anything of it.
    pub fn alive(&self) -> Vec<bool> {
        match self.evidence.cut.get(self.id) {
            None => vec![true; self.outputs()],
            Some(mask) => {
                mask.chunks((mask.len() / self.outputs().max(1)).max(1)).map(|row| row.contains(&1)).collect()
            }
        }
    }

    /// What a probe found of this layer.
    ///
    /// # Errors
    /// When the criterion did not declare it.
    pub fn seen<P: Finds>(&self) -> Result<&'a P::Found> {
        self.evidence.of::<P>(self.id).ok_or_else(|| {
            Error::new(ErrorKind::Evidence, format!("{}: {} was not gathered", self.name(), P::WHAT))
                .hint("declare its probe in probes()")
        })
    }

    /// Scale γ of the batch norm that follows, `[out]`.
    ///
    /// # Errors
    /// When none follows.
    pub fn scale(&self) -> Result<&'a Tensor> {
        match batch_norm(self.graph, self.node) {
            Some(norm) => self.graph.data(norm.ins[1]),
            None => Err(Error::unsupported(format!("{}: no batch norm follows this layer", self.name()))
                .hint("choose another criterion, or a model with batch norm")),
        }
    }

    /// Random numbers of this layer's own.
    pub fn rng(&self) -> Rng {
        Rng::fork(self.seed, self.name())
    }
}

/// The batch norm that reads a layer directly.
pub fn batch_norm<'a>(graph: &'a Graph, node: &Node) -> Option<&'a Node> {
    graph.readers(node.out).find(|reader| matches!(reader.op, OpKind::BatchNorm(_)))
}
