//! Counting: parameters and multiply-adds, dense and with masks. Bytes are those of files, and counted where they are written.

use crate::base::{Flat, tensor};

use super::{Graph, Masks, Node};

/// Trained numbers of a network: weights, biases, scales and shifts.
pub fn parameters(graph: &Graph) -> usize {
    graph.trained().map(|id| tensor::count(&graph.values[id].shape)).sum()
}

/// Trained numbers that are not zero.
pub fn nonzero(graph: &Graph) -> usize {
    let data = graph.trained().filter_map(|id| graph.values[id].data.as_ref());
    data.map(|data| data.flat().iter().filter(|&&x| x != 0.0).count()).sum()
}

/// Multiply-adds of one node for one example. Only products with weights count: no biases, norms or activations.
pub fn macs_of(graph: &Graph, node: &Node) -> u64 {
    node.op.macs(&graph.shapes_in(node), &graph.values[node.out].shape)
}

/// Multiply-adds of a network for one example; with masks, each weight counts by the share that is kept.
pub fn macs(graph: &Graph, masks: &Masks) -> u64 {
    let share = |node: &Node, macs: u64| {
        graph.weight(node).map_or(macs, |id| {
            let total = tensor::count(&graph.values[id].shape);
            macs / total.max(1) as u64 * masks.kept(id, total) as u64
        })
    };
    graph.nodes.iter().map(|node| share(node, macs_of(graph, node))).sum()
}
