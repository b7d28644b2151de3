//! Reverse mode over a graph: the gradient of a scalar of the output with respect to every value.

use std::collections::BTreeMap;

use crate::base::{Result, Tensor};
use crate::graph::op::{At, accumulate};
use crate::graph::run::{SLICE, Trace, trace};
use crate::graph::{Graph, Masks, ValueId, op::Mode};

use super::loss::{Loss, LossTarget};

/// Gradients by value; `None` where nothing flows.
#[derive(Debug)]
pub struct Gradients {
    values: Vec<Option<Tensor>>,
    /// By position: those of numbers that hooks keep.
    extras: BTreeMap<usize, Tensor>,
}

impl Gradients {
    /// The gradient of a value.
    pub fn get(&self, id: ValueId) -> Option<&Tensor> {
        self.values[id].as_ref()
    }

    /// The gradient of a value, to be changed.
    pub fn get_mut(&mut self, id: ValueId) -> Option<&mut Tensor> {
        self.values[id].as_mut()
    }

    /// Takes the gradient of a value out.
    pub fn take(&mut self, id: ValueId) -> Option<Tensor> {
        self.values[id].take()
    }

    /// Sets the gradient of numbers that a hook keeps.
    pub fn put_extra(&mut self, index: usize, grad: Tensor) {
        self.extras.insert(index, grad);
    }

    /// The gradient of numbers that a hook keeps, if it gave one.
    pub fn extra(&self, index: usize) -> Option<&Tensor> {
        self.extras.get(&index)
    }
}

/// Slopes of a scalar where they arise, by value: at the output, and wherever something else looks.
pub type Slopes = BTreeMap<ValueId, Tensor>;

/// Goes back from the gradient of the output to that of every value.
///
/// Gradients of activations are dropped once they have been passed on, unless `keep` asks for them. Weights that masks cut
/// may get no gradient.
///
/// # Errors
/// When shapes do not fit; the message names the node.
pub fn backward(graph: &Graph, trace: &Trace, output: Tensor, keep: bool, masks: &Masks) -> Result<Gradients> {
    let mut walk = Backward::new(graph, Slopes::from([(graph.output(), output)]), keep);
    while !walk.step(graph, trace, masks)? {}
    Ok(walk.finish())
}

/// A way back under way, some nodes at a time.
#[derive(Debug)]
pub struct Backward {
    grads: Vec<Option<Tensor>>,
    keep: bool,
    /// Nodes that are left.
    left: usize,
}

impl Backward {
    /// From slopes where they arise; see [`backward`] for `keep`.
    pub fn new(graph: &Graph, slopes: Slopes, keep: bool) -> Self {
        let mut grads: Vec<Option<Tensor>> = vec![None; graph.values.len()];
        slopes.into_iter().for_each(|(id, slope)| grads[id] = Some(slope));
        Self { grads, keep, left: graph.nodes.len() }
    }

    /// Some nodes; says whether all are done. Weights that masks cut may get no gradient.
    ///
    /// # Errors
    /// When shapes do not fit; the message names the node.
    pub fn step(&mut self, graph: &Graph, trace: &Trace, masks: &Masks) -> Result<bool> {
        let mut work = 0;
        while self.left > 0 && work < SLICE {
            self.left -= 1;
            let (index, node) = (self.left, &graph.nodes[self.left]);
            let Some(grad) = self.grads[node.out].take() else { continue };
            let ins = node.ins.iter().map(|&id| trace.get(graph, id)).collect::<Result<Vec<_>>>()?;
            let at = At { ins: &ins, y: trace.get(graph, node.out)?, saved: &trace.saved[index], mode: trace.mode };
            let kept = node.ins.get(1).and_then(|&weight| masks.get(weight));
            let pulled = node.op.backward_kept(at, &grad, kept).map_err(|e| e.at(&node.name))?;
            work += 2 * node.op.macs(&ins.iter().map(|x| x.shape()).collect::<Vec<_>>(), grad.shape());
            for (&id, pulled) in node.ins.iter().zip(pulled) {
                if let Some(pulled) = pulled {
                    accumulate(&mut self.grads[id], pulled);
                }
            }
            if self.keep {
                self.grads[node.out] = Some(grad);
            }
        }
        Ok(self.left == 0)
    }

    /// The gradients.
    pub fn finish(self) -> Gradients {
        Gradients { values: self.grads, extras: BTreeMap::new() }
    }
}

/// One step of learning from a batch: loss, gradients, and the run they came from.
#[derive(Debug)]
pub struct Learned {
    /// Mean loss of the batch.
    pub loss: f64,
    /// Gradients of all parameters.
    pub grads: Gradients,
    /// The forward run.
    pub trace: Trace,
}

/// Loss and gradients on a batch; weights that masks cut may get none.
///
/// # Errors
/// When the batch does not fit the network.
pub fn learn(
    graph: &Graph,
    x: &Tensor,
    target: &LossTarget,
    loss: &Loss,
    mode: Mode,
    masks: &Masks,
) -> Result<Learned> {
    let trace = trace(graph, x, mode)?;
    let (value, slope) = loss.at(trace.get(graph, graph.output())?, target)?;
    let grads = backward(graph, &trace, slope, false, masks)?;
    Ok(Learned { loss: value, grads, trace })
}
