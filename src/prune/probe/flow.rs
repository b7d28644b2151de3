//! Synaptic flow: gradients of the linearised network on ones, which needs no example.

use std::collections::BTreeMap;

use crate::base::{Error, Flat, Result, Tensor, keyed, tensor};
use crate::graph::op::Mode;
use crate::graph::run::trace;
use crate::graph::{Graph, Masks, ValueId};
use crate::train::grad::backward;

use super::{Evidence, Finds, Probe, Scene, Sight};

/// The gradient of the synaptic flow, in the weight's shape.
#[derive(Debug)]
pub struct Flow;

impl Finds for Flow {
    type Found = Tensor;
    const WHAT: &'static str = "the synaptic flow";
}

impl Probe for Flow {
    fn sight(&self) -> Sight {
        Sight::Network
    }

    fn look(&self, scene: &Scene, evidence: &mut Evidence) -> Result<bool> {
        *evidence.all::<Self>() = flow(scene.graph)?;
        Ok(true)
    }
}

/// dR/dw with R = Σ f(1; |θ|): every parameter by its absolute value, running statistics, one example of ones.
///
/// Source: Tanaka et al., NeurIPS 2020. Numbers grow with depth; they are scaled by the largest, which no ranking notices.
fn flow(graph: &Graph) -> Result<BTreeMap<ValueId, Tensor>> {
    let mut positive = graph.clone();
    for value in &mut positive.values {
        if let Some(data) = &mut value.data {
            data.flat_mut().iter_mut().for_each(|x| *x = x.abs());
        }
    }
    let x = tensor::full(&positive.values[positive.input()].shape.clone(), 1.0);
    let t = trace(&positive, &x, Mode::EVAL)?;
    let ones = tensor::full(t.get(&positive, positive.output())?.shape(), 1.0);
    let mut grads = backward(&positive, &t, ones, false, &Masks::default())?;
    let layers: Vec<ValueId> = positive.layers().map(|(_, weight)| weight).collect();
    let out = keyed(layers.into_iter().filter_map(|id| Some((id, grads.take(id)?))));
    match out.values().find(|g| g.flat().iter().any(|x| !x.is_finite())) {
        Some(_) => Err(Error::unsupported("synaptic flow overflows in this network").hint("choose another criterion")),
        None => Ok(out),
    }
}
