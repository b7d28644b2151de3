//! Running a graph plainly, operator by operator: the slow twin of a compiled plan, and the forward half of training.

use std::collections::BTreeMap;

use crate::base::{Error, Result, Tensor};

use super::op::{Mode, Pass};
use super::{Graph, ValueId};

/// Parameters as a run sees them, where that is not as they are stored.
pub type Overlay = BTreeMap<ValueId, Tensor>;

/// What a run computed: every activation, and what operators kept for their backward pass.
#[derive(Debug)]
pub struct Trace {
    /// Mode of the run.
    pub mode: Mode,
    /// By value: the activation, or a parameter that was seen otherwise than it is stored.
    pub values: Vec<Option<Tensor>>,
    /// By node: what it kept.
    pub saved: Vec<Vec<Tensor>>,
    /// New running statistics, for a training step to take over.
    pub updates: Vec<(ValueId, Tensor)>,
}

impl Trace {
    /// The value of a wire: an activation of this run, or a parameter.
    ///
    /// # Errors
    /// When the wire was not computed.
    pub fn get<'a>(&'a self, graph: &'a Graph, id: ValueId) -> Result<&'a Tensor> {
        match &self.values[id] {
            Some(x) => Ok(x),
            None => graph.data(id),
        }
    }
}

/// Runs a graph on a batch [N, ...] and keeps everything.
///
/// # Errors
/// When the batch does not fit; the message names the node.
pub fn trace(graph: &Graph, x: &Tensor, mode: Mode) -> Result<Trace> {
    trace_seen(graph, Overlay::new(), x, mode)
}

/// [`trace`] of a network with several inputs, a batch for each.
///
/// # Errors
/// When the batches do not fit; the message names the node.
pub fn trace_all(graph: &Graph, xs: &[&Tensor], mode: Mode) -> Result<Trace> {
    let mut tracing = Tracing::of_all(graph, Overlay::new(), xs, mode)?;
    while !tracing.step(graph)? {}
    Ok(tracing.trace)
}

/// [`trace`] with some parameters seen otherwise than they are stored.
///
/// # Errors
/// When the batch does not fit; the message names the node.
pub fn trace_seen(graph: &Graph, see: Overlay, x: &Tensor, mode: Mode) -> Result<Trace> {
    let mut tracing = Tracing::new(graph, see, x, mode)?;
    while !tracing.step(graph)? {}
    Ok(tracing.trace)
}

/// Multiply-adds of a slice, forth or back: some 100 ms on one slow core.
pub const SLICE: u64 = 400_000_000;

/// A run under way, some nodes at a time.
#[derive(Debug)]
pub struct Tracing {
    /// What was computed so far.
    pub trace: Trace,
    /// Nodes that are done.
    done: usize,
}

impl Tracing {
    /// A run that has the batch [N, ...] and nothing else.
    ///
    /// # Errors
    /// When the batch does not fit.
    pub fn new(graph: &Graph, see: Overlay, x: &Tensor, mode: Mode) -> Result<Self> {
        Self::of_all(graph, see, &[x], mode)
    }

    /// A run that has a batch for each input of the network, in their order.
    ///
    /// # Errors
    /// When there are more or fewer batches than inputs, or one does not fit.
    pub fn of_all(graph: &Graph, see: Overlay, xs: &[&Tensor], mode: Mode) -> Result<Self> {
        if xs.len() != graph.inputs.len() {
            return Err(Error::shape("batches, one for each input of the network", [graph.inputs.len()], [xs.len()]));
        }
        let saved = vec![Vec::new(); graph.nodes.len()];
        let mut trace = Trace { mode, values: vec![None; graph.values.len()], saved, updates: Vec::new() };
        see.into_iter().for_each(|(id, seen)| trace.values[id] = Some(seen));
        for (&id, x) in graph.inputs.iter().zip(xs) {
            let want = &graph.values[id].shape;
            if x.shape().get(1..) != want.get(1..) {
                return Err(Error::shape("input of the network", want, x.shape()));
            }
            trace.values[id] = Some((*x).clone());
        }
        Ok(Self { trace, done: 0 })
    }

    /// Some nodes; says whether all are done.
    ///
    /// # Errors
    /// When the batch does not fit; the message names the node.
    pub fn step(&mut self, graph: &Graph) -> Result<bool> {
        let (t, mut work) = (&mut self.trace, 0);
        for (index, node) in graph.nodes.iter().enumerate().skip(self.done) {
            let mode = Mode { seed: t.mode.seed.wrapping_add(index as u64), ..t.mode };
            let ins = node.ins.iter().map(|&id| t.get(graph, id)).collect::<Result<Vec<_>>>()?;
            let Pass { y, saved, updates } = node.op.forward(&ins, mode).map_err(|e| e.at(&node.name))?;
            work += node.op.macs(&ins.iter().map(|x| x.shape()).collect::<Vec<_>>(), y.shape());
            t.updates.extend(updates.into_iter().map(|(slot, data)| (node.ins[slot], data)));
            t.saved[index] = saved;
            t.values[node.out] = Some(y);
            self.done = index + 1;
            if work >= SLICE {
                break;
            }
        }
        Ok(self.done == graph.nodes.len())
    }
}

/// The answers [N, classes] of a graph to a batch, in evaluation mode.
///
/// # Errors
/// When the batch does not fit.
pub fn run(graph: &Graph, x: &Tensor) -> Result<Tensor> {
    let mut t = trace(graph, x, Mode::EVAL)?;
    t.values[graph.output()].take().ok_or_else(|| Error::state("the network has no output"))
}
