//! Looking at activations: what flows through the wires of a network for a batch.

use crate::base::{Flat, Result, Tensor, math};
use crate::graph::op::{OpKind, channel_axis};
use crate::graph::run::Trace;
use crate::graph::{Graph, Node, ValueId};

/// Sum of squares of each input feature of a layer over a batch: `[in]` for linear layers, `[C]` for convolutions.
///
/// # Errors
/// When the layer was not run.
pub fn input_squares(graph: &Graph, trace: &Trace, node: &Node) -> Result<Vec<f64>> {
    Ok(by_channel(trace.get(graph, node.ins[0])?, |run| math::dot(run, run)))
}

/// Share of zeros of each channel of a value over a batch.
///
/// # Errors
/// When the value was not computed.
pub fn zeros(graph: &Graph, trace: &Trace, id: ValueId) -> Result<Vec<f64>> {
    let x = trace.get(graph, id)?;
    let count = |run: &[f32]| run.iter().filter(|&&v| v == 0.0).count() as f64;
    let zeros = by_channel(x, count);
    let per_channel = (x.len() / zeros.len().max(1)) as f64;
    Ok(zeros.into_iter().map(|n| n / per_channel).collect())
}

/// Sums what `f` makes of each channel's runs over the batch. Channels are axis 1; of tokens [N, T, D] features are the last.
fn by_channel(x: &Tensor, f: impl Fn(&[f32]) -> f64) -> Vec<f64> {
    let axis = channel_axis(x.shape());
    let channels = x.shape()[axis];
    let pixels = x.shape()[axis + 1..].iter().product();
    let mut out = vec![0.0; channels];
    for (i, run) in x.flat().chunks(pixels).enumerate() {
        out[i % channels] += f(run);
    }
    out
}

/// The wire that carries a layer's channels once normalised and activated: what its reader sees.
pub fn activated(graph: &Graph, layer: &Node) -> ValueId {
    let mut at = layer.out;
    loop {
        let mut readers = graph.readers(at);
        let (Some(next), None) = (readers.next(), readers.next()) else { return at };
        match next.op {
            OpKind::BatchNorm(_) => at = next.out,
            OpKind::Relu(_)
            | OpKind::Relu6(_)
            | OpKind::LeakyRelu(_)
            | OpKind::Gelu(_)
            | OpKind::Silu(_)
            | OpKind::HardSwish(_) => return next.out,
            _ => return at,
        }
    }
}
