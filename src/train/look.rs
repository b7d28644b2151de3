//! Calibration: what a batch of examples shows of a network while no weight moves.

use std::collections::BTreeMap;

use crate::base::{Flat, Result, Tensor, keyed, tensor};
use crate::graph::op::{Mode, OpKind};
use crate::graph::run::{Trace, trace};
use crate::graph::{Graph, Masks, ValueId};

use super::grad::{backward, learn};
use super::hvp::Direction;
use super::loss::{Loss, LossTarget};
use super::probe;

/// What to look for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Gradients of the mean loss.
    pub grad: bool,
    /// Means of the squared gradients of single examples, which are run by running statistics whatever the mode.
    pub grad_squared: bool,
    /// Sums of squares of input features.
    pub inputs: bool,
    /// Shares of zeros of output channels, once activated.
    pub zeros: bool,
    /// Means and unbiased variances of what batch norms see, in training mode only.
    pub statistics: bool,
    /// Batch statistics or running ones.
    pub mode: Mode,
    /// The loss.
    pub loss: Loss,
}

impl Look {
    /// Nothing yet, in a mode and with a loss.
    pub fn none(mode: Mode, loss: Loss) -> Self {
        Self { grad: false, grad_squared: false, inputs: false, zeros: false, statistics: false, mode, loss }
    }

    /// Whether the batch goes through the network as a whole.
    pub fn whole(&self) -> bool {
        self.grad || self.inputs || self.zeros || self.statistics
    }
}

/// What was seen, by weight of the layer.
#[derive(Debug, Default)]
pub struct Seen {
    /// See [`Look::grad`]; of the weight's shape.
    pub grad: Direction,
    /// See [`Look::grad_squared`]; of the weight's shape.
    pub grad_squared: Direction,
    /// See [`Look::inputs`]; a number for each input feature, or channel.
    pub inputs: BTreeMap<ValueId, Vec<f64>>,
    /// See [`Look::zeros`]; a number for each output channel.
    pub zeros: BTreeMap<ValueId, Vec<f64>>,
    /// See [`Look::statistics`]; by the running statistic that they are the batch's value of.
    pub statistics: Direction,
}

impl Seen {
    /// All that was seen with the shape of a parameter.
    pub fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        self.grad.values().chain(self.grad_squared.values()).chain(self.statistics.values())
    }

    /// All that was seen by channel.
    pub fn sums(&self) -> impl Iterator<Item = &[f64]> {
        self.inputs.values().chain(self.zeros.values()).map(Vec::as_slice)
    }

    /// Whether there is neither NaN nor infinity in it.
    pub fn finite(&self) -> bool {
        self.tensors().all(|t| t.flat().iter().all(|x| x.is_finite())) && self.sums().flatten().all(|x| x.is_finite())
    }
}

/// Looks at a batch of examples [N, ...] and their labels.
///
/// # Errors
/// When the batch does not fit the network.
pub fn look(graph: &Graph, x: &Tensor, labels: &[usize], what: &Look) -> Result<Seen> {
    let mut glance = Glance::default();
    while !glance.step(graph, x, labels, what)? {}
    Ok(glance.seen)
}

/// Single examples of a slice.
const EXAMPLES: usize = 4;

/// A look under way: the batch as a whole first, then some examples at a time.
#[derive(Debug, Default)]
pub struct Glance {
    /// What was seen so far.
    pub seen: Seen,
    /// Whether the batch went through as a whole.
    whole: bool,
    /// Single examples that were looked at.
    examples: usize,
}

impl Glance {
    /// One slice of a look at a batch; says whether all was seen.
    ///
    /// # Errors
    /// When the batch does not fit the network.
    pub fn step(&mut self, graph: &Graph, x: &Tensor, labels: &[usize], what: &Look) -> Result<bool> {
        if what.whole() && !std::mem::replace(&mut self.whole, true) {
            self.pass(graph, x, labels, what)?;
            return Ok(!what.grad_squared);
        }
        if what.grad_squared {
            let share = 1.0 / labels.len() as f32;
            let end = (self.examples + EXAMPLES).min(labels.len());
            for (i, label) in labels.iter().enumerate().take(end).skip(self.examples) {
                let one = tensor::pick(x, 0, &[i])?;
                let target = LossTarget::labels(std::slice::from_ref(label));
                let mut learned = learn(graph, &one, &target, &what.loss, Mode::EVAL, &Masks::default())?;
                for (_, weight) in graph.layers() {
                    if let Some(g) = learned.grads.take(weight) {
                        blend(&mut self.seen.grad_squared, weight, tensor::map(&g, |g| g * g), share);
                    }
                }
            }
            self.examples = end;
        }
        Ok(!what.grad_squared || self.examples == labels.len())
    }

    /// The batch as a whole.
    fn pass(&mut self, graph: &Graph, x: &Tensor, labels: &[usize], what: &Look) -> Result<()> {
        let t = trace(graph, x, what.mode)?;
        activations(graph, &t, what, &mut self.seen)?;
        if what.statistics {
            self.seen.statistics = statistics(graph, &t)?;
        }
        if what.grad {
            let (_, slope) = what.loss.at(t.get(graph, graph.output())?, &LossTarget::labels(labels))?;
            let mut grads = backward(graph, &t, slope, false, &Masks::default())?;
            self.seen.grad = keyed(graph.layers().filter_map(|(_, weight)| Some((weight, grads.take(weight)?))));
        }
        Ok(())
    }
}

fn activations(graph: &Graph, t: &Trace, what: &Look, seen: &mut Seen) -> Result<()> {
    for (index, weight) in graph.layers() {
        let node = &graph.nodes[index];
        if what.inputs {
            seen.inputs.insert(weight, probe::input_squares(graph, t, node)?);
        }
        if what.zeros {
            seen.zeros.insert(weight, probe::zeros(graph, t, probe::activated(graph, node))?);
        }
    }
    Ok(())
}

/// What each norm made of the batch: it keeps mean and biased variance.
fn statistics(graph: &Graph, t: &Trace) -> Result<Direction> {
    let mut out = Direction::new();
    for (node, saved) in graph.nodes.iter().zip(&t.saved) {
        if let (OpKind::BatchNorm(_), [mean, variance]) = (&node.op, saved.as_slice()) {
            let x = t.get(graph, node.ins[0])?;
            let n = tensor::count(x.shape()) as f32 / x.shape()[1] as f32;
            out.insert(node.ins[3], mean.clone());
            let share = n / (n - 1.0).max(1.0);
            out.insert(node.ins[4], tensor::map(variance, |v| v * share));
        }
    }
    Ok(out)
}

/// Adds a share of some values to what is there.
pub fn blend(to: &mut Direction, id: ValueId, mut values: Tensor, share: f32) {
    values *= share;
    match to.get_mut(&id) {
        Some(sum) => tensor::add(sum, &values),
        None => drop(to.insert(id, values)),
    }
}
