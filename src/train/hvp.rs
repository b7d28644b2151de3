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
    let trace = trace(graph, x, mode)?;
    let dots = push(graph, &trace, v)?;
    let logits = trace.get(graph, graph.output)?;
    let zero = tensor::zeros(logits.shape());
    let (_, slope) = loss.at(logits, target)?;
    let bend = loss.curvature(logits, dots[graph.output].as_ref().unwrap_or(&zero))?;
    pull(graph, &trace, v, &dots, slope, bend)
}

/// Tangents of all activations.
fn push(graph: &Graph, trace: &Trace, v: &Direction) -> Result<Vec<Option<Tensor>>> {
    let mut dots: Vec<Option<Tensor>> = vec![None; graph.values.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        let ins = node.ins.iter().map(|&id| trace.get(graph, id)).collect::<Result<Vec<_>>>()?;
        let along: Vec<Option<&Tensor>> = node.ins.iter().map(|id| dots[*id].as_ref().or(v.get(id))).collect();
        if along.iter().any(Option::is_some) {
            let at = At { ins: &ins, y: trace.get(graph, node.out)?, saved: &trace.saved[index], mode: trace.mode };
            let dot = node.op.tangent(at, &along).map_err(|e| e.at(&node.name))?;
            dots[node.out] = Some(dot);
        }
    }
    Ok(dots)
}

/// Gradients and their tangents, from the output back.
fn pull(
    graph: &Graph,
    trace: &Trace,
    v: &Direction,
    dots: &[Option<Tensor>],
    slope: Tensor,
    bend: Tensor,
) -> Result<(Direction, Direction)> {
    let mut grads: Vec<Option<Tensor>> = vec![None; graph.values.len()];
    let mut bends = grads.clone();
    (grads[graph.output], bends[graph.output]) = (Some(slope), Some(bend));
    for (index, node) in graph.nodes.iter().enumerate().rev() {
        let (Some(grad), Some(bend)) = (grads[node.out].take(), bends[node.out].take()) else { continue };
        let ins = node.ins.iter().map(|&id| trace.get(graph, id)).collect::<Result<Vec<_>>>()?;
        let along: Vec<Option<&Tensor>> = node.ins.iter().map(|id| dots[*id].as_ref().or(v.get(id))).collect();
        let at = At { ins: &ins, y: trace.get(graph, node.out)?, saved: &trace.saved[index], mode: trace.mode };
        let first = node.op.backward(at, &grad).map_err(|e| e.at(&node.name))?;
        let second = node.op.backward_tangent(at, &along, &grad, &bend).map_err(|e| e.at(&node.name))?;
        for ((&id, g), b) in node.ins.iter().zip(first).zip(second) {
            if let (Some(g), Some(b)) = (g, b) {
                accumulate(&mut grads[id], g);
                accumulate(&mut bends[id], b);
            }
        }
    }
    let gather = |from: &mut Vec<Option<Tensor>>| -> Direction {
        keyed(graph.trained().filter_map(|id| Some((id, from[id].take()?))))
    };
    Ok((gather(&mut bends), gather(&mut grads)))
}
