//! How the loss would change with a gate on each channel or attention head.

use crate::base::{Flat, Result, Tensor};
use crate::graph::op::{OpKind, channel_axis};
use crate::graph::run::{Overlay, Tracing};
use crate::graph::{Graph, Masks, Node, ValueId};
use crate::train::grad::{Backward, Slopes};
use crate::train::loss::LossTarget;
use crate::train::probe::activated;

use super::{Evidence, Finds, Probe, Scene, Sight, add};

/// |∂L/∂ξ| at ξ = 1, where ξ multiplies all of a channel's activations of an example: the mean over examples, `[out]`. Channels of
/// one attention head have one gate, behind the attention.
#[derive(Debug)]
pub struct Gates;

/// A batch on its way through the network and back.
#[derive(Debug)]
struct Walk {
    forth: Tracing,
    back: Option<Backward>,
}

impl Finds for Gates {
    type Found = Vec<f64>;
    const WHAT: &'static str = "the gradient of gates";
}

impl Probe for Gates {
    fn sight(&self) -> Sight {
        Sight::Own
    }

    fn look(&self, scene: &Scene, evidence: &mut Evidence) -> Result<bool> {
        let (Some((x, labels)), graph) = (scene.batch, scene.graph) else { return Ok(true) };
        let mut walk = match evidence.begun.take().and_then(|begun| begun.downcast::<Walk>().ok()) {
            Some(walk) => walk,
            None => Box::new(Walk { forth: Tracing::new(graph, Overlay::new(), x, scene.mode)?, back: None }),
        };
        let trace = &mut walk.forth;
        let over = match &mut walk.back {
            Some(back) => back.step(graph, &trace.trace, &Masks::default())?,
            None => {
                if trace.step(graph)? {
                    let (_, slope) =
                        scene.loss.at(trace.trace.get(graph, graph.output())?, &LossTarget::labels(labels))?;
                    walk.back = Some(Backward::new(graph, Slopes::from([(graph.output(), slope)]), true));
                }
                false
            }
        };
        let Some(back) = walk.back.take_if(|_| over) else {
            evidence.begun = Some(walk);
            return Ok(false);
        };
        let (trace, grads) = (walk.forth.trace, back.finish());
        for (node, weight) in graph.layers() {
            let (id, together) = gate(graph, &graph.nodes[node]);
            if let Some(grad) = grads.get(id) {
                let slopes = by_gate(trace.get(graph, id)?, grad, together);
                add(evidence.all::<Self>(), weight, slopes, 1.0 / scene.batches as f64);
            }
        }
        Ok(true)
    }
}

/// The value that a layer's gates stand on, and how many of its channels share one.
fn gate(graph: &Graph, node: &Node) -> (ValueId, usize) {
    let attention = graph.readers(node.out).find_map(|reader| match reader.op {
        OpKind::Attention(attention) => Some((reader.out, attention.head)),
        _ => None,
    });
    attention.unwrap_or_else(|| (activated(graph, node), 1))
}

/// By channel of x [N, C, ...] or [N, T, C]: the mean over examples of |Σ x ∂L/∂x|, where L is an example's own loss and `grad` is of the
/// mean; the same for all channels that share a gate.
fn by_gate(x: &Tensor, grad: &Tensor, together: usize) -> Vec<f64> {
    let (n, axis) = (x.shape()[0], channel_axis(x.shape()));
    let channels = x.shape()[axis];
    let pixels: usize = x.shape()[axis + 1..].iter().product();
    let mut out = vec![0.0; channels];
    let each = x.len() / n.max(1);
    for (x, grad) in x.flat().chunks(each.max(1)).zip(grad.flat().chunks(each.max(1))) {
        let mut sums = vec![0.0; channels.div_ceil(together)];
        for (i, (x, g)) in x.chunks(pixels).zip(grad.chunks(pixels)).enumerate() {
            sums[i % channels / together] += x.iter().zip(g).map(|(x, g)| f64::from(*x) * f64::from(*g)).sum::<f64>();
        }
        // A mean over n examples of n times what the mean loss shows of each.
        out.iter_mut().enumerate().for_each(|(c, out)| *out += sums[c / together].abs());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::tensor;

    #[test]
    fn by_hand() -> Result<()> {
        // Two images of two channels of two pixels.
        let x = tensor::from_vec(&[2, 2, 1, 2], vec![1.0, 2.0, 3.0, 4.0, 1.0, 1.0, 1.0, 1.0])?;
        let grad = tensor::from_vec(&[2, 2, 1, 2], vec![1.0, -1.0, 2.0, 0.0, 3.0, 0.0, 0.0, -5.0])?;
        assert_eq!(by_gate(&x, &grad, 1), [4.0, 11.0], "signs count within an image and not between images");
        // Two examples of two tokens with two channels.
        let grad = tensor::from_vec(&[2, 2, 2], grad.flat().to_vec())?;
        let x = tensor::from_vec(&[2, 2, 2], x.flat().to_vec())?;
        assert_eq!(by_gate(&x, &grad, 1), [7.0 + 3.0, 2.0 + 5.0]);
        assert_eq!(by_gate(&x, &grad, 2), [7.0, 7.0], "one gate for both");
        Ok(())
    }
}
