//! Exact Hessian-vector products: forward mode over reverse mode, one operator at a time.
//!
//! A finite difference of gradients would cross the kinks of ReLU networks and be wrong by factors; this is not one.
//! Source: Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 1994.

use std::collections::BTreeMap;

use crate::base::{Result, Tensor, keyed, tensor};
use crate::graph::op::{At, Mode, accumulate};
use crate::graph::run::{Trace, trace};
use crate::graph::{Graph, ValueId};

use super::loss::{Loss, LossTarget};

/// A direction in the space of parameters, by value; what is missing is zero.
pub type Direction = BTreeMap<ValueId, Tensor>;

/// H v for the mean loss of a batch, by parameter; and the gradient at no extra cost.
///
/// # Errors
/// When shapes do not fit.
pub fn hvp(
    graph: &Graph,
    x: &Tensor,
    target: &LossTarget,
    loss: &Loss,
    mode: Mode,
    v: &Direction,
) -> Result<(Direction, Direction)> {
    let mut walk = HessianWalk::new(graph, x, mode)?;
    loop {
        if let Some(found) = walk.step(graph, target, loss, v)? {
            return Ok(found);
        }
    }
}

/// Nodes of a slice: forth, where a node costs two passes, and back, where it costs six.
const FORTH: usize = 9;
const BACK: usize = 3;

/// A product under way, some nodes at a time: all of it takes a large network a second.
#[derive(Debug)]
pub struct HessianWalk {
    trace: Trace,
    /// Tangents of all activations.
    dots: Vec<Option<Tensor>>,
    /// Nodes that the tangents went through.
    forth: usize,
    /// Gradients and their tangents, and nodes that they are still to go through.
    back: Option<([Vec<Option<Tensor>>; 2], usize)>,
}

impl HessianWalk {
    /// A run whose product is to be found.
    ///
    /// # Errors
    /// When the batch does not fit the network.
    pub fn new(graph: &Graph, x: &Tensor, mode: Mode) -> Result<Self> {
        Ok(Self { trace: trace(graph, x, mode)?, dots: vec![None; graph.values.len()], forth: 0, back: None })
    }

    /// Some nodes; gives product and gradient, as [`hvp`], once all are done.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn step(
        &mut self,
        graph: &Graph,
        target: &LossTarget,
        loss: &Loss,
        v: &Direction,
    ) -> Result<Option<(Direction, Direction)>> {
        let n = graph.nodes.len();
        if self.forth < n {
            let end = (self.forth + FORTH).min(n);
            (self.forth..end).try_for_each(|index| self.push(graph, v, index))?;
            self.forth = end;
            return Ok(None);
        }
        let (mut sides, end) = match self.back.take() {
            Some(back) => back,
            None => {
                let logits = self.trace.get(graph, graph.output())?;
                let (zero, (_, slope)) = (tensor::zeros(logits.shape()), loss.at(logits, target)?);
                let bend = loss.curvature(logits, self.dots[graph.output()].as_ref().unwrap_or(&zero))?;
                let mut sides = [vec![None; graph.values.len()], vec![None; graph.values.len()]];
                (sides[0][graph.output()], sides[1][graph.output()]) = (Some(slope), Some(bend));
                (sides, n)
            }
        };
        let start = end.saturating_sub(BACK);
        (start..end).rev().try_for_each(|index| self.pull(graph, v, index, &mut sides))?;
        if start > 0 {
            self.back = Some((sides, start));
            return Ok(None);
        }
        let gather = |from: &mut Vec<Option<Tensor>>| -> Direction {
            keyed(graph.trained().filter_map(|id| Some((id, from[id].take()?))))
        };
        let [grads, bends] = &mut sides;
        Ok(Some((gather(bends), gather(grads))))
    }

    /// Tangent of the output of a node.
    fn push(&mut self, graph: &Graph, v: &Direction, index: usize) -> Result<()> {
        let (node, trace) = (&graph.nodes[index], &self.trace);
        let ins = node.ins.iter().map(|&id| trace.get(graph, id)).collect::<Result<Vec<_>>>()?;
        let along: Vec<Option<&Tensor>> = node.ins.iter().map(|id| self.dots[*id].as_ref().or(v.get(id))).collect();
        if along.iter().any(Option::is_some) {
            let at = At { ins: &ins, y: trace.get(graph, node.out)?, saved: &trace.saved[index], mode: trace.mode };
            let dot = node.op.tangent(at, &along).map_err(|e| e.at(&node.name))?;
            self.dots[node.out] = Some(dot);
        }
        Ok(())
    }

    /// Gradients and their tangents through a node, from its output back.
    fn pull(
        &self,
        graph: &Graph,
        v: &Direction,
        index: usize,
        [grads, bends]: &mut [Vec<Option<Tensor>>; 2],
    ) -> Result<()> {
        let (node, trace) = (&graph.nodes[index], &self.trace);
        let (Some(grad), Some(bend)) = (grads[node.out].take(), bends[node.out].take()) else { return Ok(()) };
        let ins = node.ins.iter().map(|&id| trace.get(graph, id)).collect::<Result<Vec<_>>>()?;
        let along: Vec<Option<&Tensor>> = node.ins.iter().map(|id| self.dots[*id].as_ref().or(v.get(id))).collect();
        let at = At { ins: &ins, y: trace.get(graph, node.out)?, saved: &trace.saved[index], mode: trace.mode };
        let first = node.op.backward(at, &grad).map_err(|e| e.at(&node.name))?;
        let second = node.op.backward_tangent(at, &along, &grad, &bend).map_err(|e| e.at(&node.name))?;
        for ((&id, g), b) in node.ins.iter().zip(first).zip(second) {
            if let (Some(g), Some(b)) = (g, b) {
                accumulate(&mut grads[id], g);
                accumulate(&mut bends[id], b);
            }
        }
        Ok(())
    }
}
