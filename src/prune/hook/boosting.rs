//! Channels that are chosen for each image, while the network learns to do with few, as a hook.

use std::rc::Rc;

use crate::base::{Flat, Result, tensor};
use crate::graph::op::boost::{active, count};
use crate::graph::run::Trace;
use crate::graph::{Graph, ValueId, boosted};
use crate::train::State;
use crate::train::grad::Slopes;
use crate::train::hook::{Due, Hook};

/// Share of the training over which channels are switched off, one after the other.
const FALLS: f32 = 0.25;

#[derive(Debug)]
struct Boosting {
    density: f64,
    /// Weight of the sum of saliencies in the loss.
    strength: f32,
}

/// Lowers the channels that run of each boosted layer from all to a density, and presses on saliencies.
pub fn boosting(density: f64, strength: f32) -> Rc<dyn Hook> {
    Rc::new(Boosting { density, strength })
}

/// The strength times the sum of the saliencies of channels that run, a mean over the images of a batch; its slopes are added to
/// those of the saliencies.
///
/// # Errors
/// When a value is not there.
pub fn press(graph: &Graph, trace: &Trace, strength: f32, slopes: &mut Slopes) -> Result<f64> {
    let mut sum = 0.0;
    for node in boosted::boosts(graph) {
        let (saliencies, k) = (trace.get(graph, node.ins[1])?, graph.data(node.ins[3])?);
        let (images, channels) = (saliencies.shape()[0], saliencies.shape()[1]);
        let each = strength / images.max(1) as f32;
        let mut slope = tensor::zeros(saliencies.shape());
        for (image, g) in saliencies.flat().chunks(channels.max(1)).enumerate() {
            for c in active(g, count(k)) {
                slope.flat_mut()[image * channels + c] = each;
                sum += f64::from(each) * f64::from(g[c]);
            }
        }
        match slopes.get_mut(&node.ins[1]) {
            Some(there) => tensor::add(there, &slope),
            None => drop(slopes.insert(node.ins[1], slope)),
        }
    }
    Ok(sum)
}

/// The k of each boosted layer, with its channels.
fn counts(graph: &Graph) -> Vec<(ValueId, usize)> {
    boosted::boosts(graph).map(|node| (node.ins[3], graph.values[node.ins[2]].shape[0])).collect()
}

impl Hook for Boosting {
    fn due(&self, _: usize, _: usize) -> Due {
        Due { acts: true, ..Due::NONE }
    }

    fn before(&self, state: &mut State) -> Result<()> {
        let (step, total) = (state.training()?.done(), state.training()?.plan.steps);
        // There by then, whatever the length: what runs in the end is what was trained for.
        let way = (step as f32 / (FALLS * total as f32).max(1.0)).min(1.0);
        let way = if step + 1 == total { 1.0 } else { way };
        for (id, channels) in counts(&state.graph) {
            let few = boosted::kept(channels, self.density);
            let k = few + ((1.0 - way) * (channels - few) as f32) as usize;
            state.graph.data_mut(id)?.flat_mut().fill(k as f32);
        }
        Ok(())
    }

    fn press(&self, graph: &Graph, trace: &Trace, slopes: &mut Slopes) -> Result<f64> {
        press(graph, trace, self.strength, slopes)
    }
}
