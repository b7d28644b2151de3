//! Soft thresholds that are learned, one a layer, as a hook.

use std::rc::Rc;

use crate::base::{Error, Flat, Result, Tensor, math, tensor};
use crate::graph::run::Overlay;
use crate::graph::{Graph, ValueId};
use crate::train::hook::{Due, Hook};
use crate::train::optim::ParamGroup;
use crate::train::state::Extra;
use crate::train::{Gradients, State};

#[derive(Debug)]
struct Thresholds {
    /// Weights that are seen so.
    weights: Vec<ValueId>,
    /// s of every layer at first.
    start: f32,
    /// Decay of s, which pulls it up to 0 where it begins below; `None`: the optimizer's.
    decay: Option<f32>,
}

/// Some weights are seen as sign(w) max(|w| - sigmoid(s), 0), with s of each layer learned.
pub fn thresholds(weights: Vec<ValueId>, start: f32, decay: Option<f32>) -> Rc<dyn Hook> {
    Rc::new(Thresholds { weights, start, decay })
}

fn name(graph: &Graph, id: ValueId) -> String {
    format!("threshold of {}", graph.values[id].name)
}

/// The threshold of a layer, with the position of its s among the extras.
fn threshold(state: &State, id: ValueId) -> Result<(usize, f32)> {
    let name = name(&state.graph, id);
    let index = state.extra(&name).ok_or_else(|| Error::state(format!("there is no {name}")))?;
    Ok((index, math::sigmoid(state.extras[index].data.flat()[0])))
}

fn soft(w: f32, threshold: f32) -> f32 {
    if w.abs() > threshold { w.signum() * (w.abs() - threshold) } else { 0.0 }
}

impl Hook for Thresholds {
    fn due(&self, _: usize, _: usize) -> Due {
        Due { acts: true, dense: true, cuts: false }
    }

    fn before(&self, state: &mut State) -> Result<()> {
        for &id in &self.weights {
            let name = name(&state.graph, id);
            if state.extra(&name).is_none() {
                let group = Some(ParamGroup { rate: 1.0, decay: self.decay });
                state.extras.push(Extra { name, data: tensor::full(&[1], self.start), group });
            }
        }
        Ok(())
    }

    fn view(&self, state: &State, see: &mut Overlay) -> Result<()> {
        for &id in &self.weights {
            let (_, threshold) = threshold(state, id)?;
            let seen = see.remove(&id).map_or_else(|| state.graph.data(id).cloned(), Ok)?;
            see.insert(id, tensor::map(&seen, |w| soft(w, threshold)));
        }
        Ok(())
    }

    fn pull(&self, state: &mut State, grads: &mut Gradients) -> Result<f64> {
        for &id in &self.weights {
            let (index, threshold) = threshold(state, id)?;
            let w = state.graph.data(id)?;
            let Some(grad) = grads.get_mut(id) else { continue };
            let mut sum = 0.0f64;
            for (g, &w) in grad.flat_mut().iter_mut().zip(w.flat()) {
                if w.abs() > threshold {
                    sum += f64::from(*g * w.signum());
                } else {
                    *g = 0.0;
                }
            }
            let slope: Tensor = tensor::full(&[1], -threshold * (1.0 - threshold) * sum as f32);
            grads.put_extra(index, slope);
        }
        Ok(0.0)
    }

    fn bake(&self, state: &mut State) -> Result<()> {
        for &id in &self.weights {
            // Before its first step a training has no thresholds yet.
            let Ok((_, threshold)) = threshold(state, id) else { continue };
            let w = state.graph.data_mut(id)?;
            w.flat_mut().iter_mut().for_each(|w| *w = soft(*w, threshold));
            let kept = w.iter().map(|&w| u8::from(w != 0.0)).collect();
            state.masks.set(id, kept);
        }
        Ok(())
    }
}
