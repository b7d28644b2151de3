//! What a criterion sees: one layer at a time, all kinds alike. Weights are [out, in, ...] throughout.

use crate::base::{Error, Result, Rng, Tensor, error::ErrorKind};
use crate::graph::op::OpKind;
use crate::graph::{Graph, Node, ValueId};

use super::evidence::Evidence;

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

    fn found<T: ?Sized>(&self, what: &str, evidence: Option<&'a T>) -> Result<&'a T> {
        evidence.ok_or_else(|| {
            Error::new(ErrorKind::Evidence, format!("{}: {what} was not gathered", self.name()))
                .hint("declare it in needs()")
        })
    }

    /// Mean gradient of the loss, in the weight's shape.
    ///
    /// # Errors
    /// When it was not declared.
    pub fn grad(&self) -> Result<&'a Tensor> {
        self.found("the gradient", self.evidence.grad.get(&self.id))
    }

    /// Mean over examples of squared gradients.
    ///
    /// # Errors
    /// When it was not declared.
    pub fn grad_squared(&self) -> Result<&'a Tensor> {
        self.found("the squared gradient", self.evidence.grad_squared.get(&self.id))
    }

    /// Hessian times gradient.
    ///
    /// # Errors
    /// When it was not declared.
    pub fn curvature(&self) -> Result<&'a Tensor> {
        self.found("the Hessian-gradient product", self.evidence.curvature.get(&self.id))
    }

    /// Sum of squares of each input feature, `[in]`; depthwise layers have one for each channel.
    ///
    /// # Errors
    /// When it was not declared.
    pub fn input_squares(&self) -> Result<&'a [f64]> {
        self.found("the input norm", self.evidence.inputs.get(&self.id).map(Vec::as_slice))
    }

    /// Share of zeros of each output channel once activated.
    ///
    /// # Errors
    /// When it was not declared.
    pub fn zeros(&self) -> Result<&'a [f64]> {
        self.found("the share of zeros", self.evidence.zeros.get(&self.id).map(Vec::as_slice))
    }

    /// Gradient of the synaptic flow.
    ///
    /// # Errors
    /// When it was not declared.
    pub fn flow(&self) -> Result<&'a Tensor> {
        self.found("the synaptic flow", self.evidence.flow.get(&self.id))
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
