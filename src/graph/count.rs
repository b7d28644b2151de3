//! Counting: parameters, multiply-adds and bytes, dense and with masks.

use crate::base::{Result, tensor};

use super::{Graph, Masks, Node, Role};

/// Trained numbers of a network: weights, biases, scales and shifts.
pub fn parameters(graph: &Graph) -> usize {
    graph.trained().map(|id| tensor::count(&graph.values[id].shape)).sum()
}

/// Trained numbers that are not masked.
pub fn nonzero(graph: &Graph, masks: &Masks) -> usize {
    graph.trained().map(|id| masks.kept(id, tensor::count(&graph.values[id].shape))).sum()
}

/// Multiply-adds of one node for one example. Only products with weights count: no biases, norms or activations.
pub fn macs_of(graph: &Graph, node: &Node) -> u64 {
    node.op.macs(&graph.shapes_in(node), &graph.values[node.out].shape)
}

/// Multiply-adds of a network for one example; with masks, each weight counts by the share that is kept.
pub fn macs(graph: &Graph, masks: &Masks) -> u64 {
    let share = |node: &Node, macs: u64| {
        let weight = node.ins.iter().copied().find(|&id| graph.values[id].role == Role::Weight);
        weight.map_or(macs, |id| {
            let total = tensor::count(&graph.values[id].shape);
            macs / total.max(1) as u64 * masks.kept(id, total) as u64
        })
    };
    graph.nodes.iter().map(|node| share(node, macs_of(graph, node))).sum()
}

/// Bytes of the dense file: four for each parameter, statistics included.
pub fn bytes_dense(graph: &Graph) -> usize {
    graph.parameters().map(|(_, value)| 4 * tensor::count(&value.shape)).sum()
}

/// Bytes that a sparse file really needs: for each masked weight the smaller of dense and compressed, where compressed is
/// four bytes a non-zero plus the cheaper of a bit mask and one-byte gaps (a gap over 254 takes an extra byte).
///
/// # Errors
/// Never in practice: masks only stand on parameters.
pub fn bytes_stored(graph: &Graph, masks: &Masks) -> Result<usize> {
    Ok(graph.parameters().map(|(id, v)| masks.get(id).map_or(4 * tensor::count(&v.shape), bytes_of)).sum())
}

/// Bytes of one masked tensor, positions included.
pub fn bytes_of(mask: &[u8]) -> usize {
    let (mut kept, mut gaps, mut gap) = (0, 0, 0usize);
    for &m in mask {
        if m == 1 {
            kept += 1;
            gaps += 1 + gap / 255;
            gap = 0;
        } else {
            gap += 1;
        }
    }
    (4 * kept + gaps.min(mask.len().div_ceil(8))).min(4 * mask.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_by_hand() {
        assert_eq!(bytes_of(&[1; 8]), 4 * 8, "a full mask is stored dense");
        let mut one = vec![0; 800];
        one[300] = 1;
        assert_eq!(bytes_of(&one), 4 + 2, "one value, a gap of 300 in two bytes");
        assert_eq!(bytes_of(&[1, 0, 1, 0, 1, 0, 1, 0]), 16 + 1, "half full: a bit mask of one byte");
    }
}
