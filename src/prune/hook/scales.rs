//! An L1 penalty on the scales of batch norms, as a hook.

use std::rc::Rc;

use crate::base::{Flat, Result};
use crate::graph::op::OpKind;
use crate::graph::{Graph, ValueId};
use crate::train::hook::{Due, Histogram, Hook};
use crate::train::{Gradients, State};

/// Pulls scales of norms towards zero, each by the same.
#[derive(Debug)]
struct Shrinking {
    /// λ.
    strength: f32,
}

/// λ Σ |γ| over all batch norms.
pub fn shrinking(strength: f32) -> Rc<dyn Hook> {
    Rc::new(Shrinking { strength })
}

/// Scales of all batch norms.
fn scales(graph: &Graph) -> impl Iterator<Item = ValueId> {
    graph.nodes.iter().filter(|node| matches!(node.op, OpKind::BatchNorm(_))).map(|node| node.ins[1])
}

impl Hook for Shrinking {
    fn due(&self, _: usize, _: usize) -> Due {
        Due { acts: true, ..Due::NONE }
    }

    fn pull(&self, state: &mut State, grads: &mut Gradients) -> Result<f64> {
        let mut sum = 0.0;
        for id in scales(&state.graph) {
            let scale = state.graph.data(id)?;
            sum += scale.iter().map(|g| f64::from(g.abs())).sum::<f64>();
            if let Some(grad) = grads.get_mut(id) {
                let sign = |g: f32| if g == 0.0 { 0.0 } else { g.signum() };
                grad.flat_mut().iter_mut().zip(scale.flat()).for_each(|(d, &g)| *d += self.strength * sign(g));
            }
        }
        Ok(f64::from(self.strength) * sum)
    }

    fn shows(&self, state: &State) -> Result<Option<Histogram>> {
        let mut all = Vec::new();
        for id in scales(&state.graph) {
            all.extend(state.graph.data(id)?.iter().map(|g| g.abs()));
        }
        Ok(Some(Histogram::new("Scales of batch norm", &all)))
    }
}
