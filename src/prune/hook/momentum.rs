//! Sparse momentum, as a hook: what is dropped anywhere comes back in the layers, and at the places, that momentum is largest.

use std::rc::Rc;

use crate::base::{Flat, Result, Tensor, order, tensor};
use crate::graph::ValueId;
use crate::prune::regrow::Exchange;
use crate::train::hook::{Due, Hook};
use crate::train::state::Extra;
use crate::train::{Gradients, State};

/// Share of the cut weights of a layer that may come back at once.
const CAP: f64 = 0.99;
/// Decay of the running mean of gradients.
const DECAY: f32 = 0.9;

/// A layer that takes part in an exchange.
#[derive(Clone, Copy, Debug)]
pub struct MomentumLayer<'a> {
    /// Its weights.
    pub weight: &'a [f32],
    /// What is kept of them.
    pub mask: &'a [u8],
    /// Running mean of their gradients, of cut ones too.
    pub momentum: &'a [f32],
}

/// How many weights leave each layer, and how many come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redistribution {
    /// Dropped, the smallest first.
    pub removed: Vec<usize>,
    /// Grown, before and after no layer takes more than it has room for.
    pub grown: [Vec<usize>; 2],
}

/// Shares weights out: every layer drops the same share of what it keeps, and takes of the total in proportion to the mean momentum of
/// its kept weights.
pub fn redistribute(layers: &[MomentumLayer], rate: f64) -> Redistribution {
    let kept = |layer: &MomentumLayer| layer.mask.iter().filter(|m| **m == 1).count();
    let removed: Vec<usize> = layers.iter().map(|layer| (rate * kept(layer) as f64).ceil() as usize).collect();
    let mean = |layer: &MomentumLayer| {
        let active = layer.momentum.iter().zip(layer.mask).filter(|(_, m)| **m == 1);
        active.map(|(v, _)| f64::from(v.abs())).sum::<f64>() / kept(layer).max(1) as f64
    };
    let means: Vec<f64> = layers.iter().map(mean).collect();
    let (all, total) = (means.iter().sum::<f64>(), removed.iter().sum::<usize>() as f64);
    let share = |mean: &f64| if all > 0.0 { mean / all } else { 1.0 / layers.len().max(1) as f64 };
    let wanted: Vec<usize> = means.iter().map(|mean| (share(mean) * total).ceil() as usize).collect();
    let room: Vec<f64> =
        layers.iter().zip(&removed).map(|(l, &removed)| CAP * (l.mask.len() - kept(l) + removed) as f64).collect();
    let mut grown: Vec<f64> = wanted.iter().map(|&n| n as f64).collect();
    // What layers have no room for is spread evenly over all, again and again until nothing is left.
    for _ in 0..1000 {
        let mut over = 0.0;
        for (grown, room) in grown.iter_mut().zip(&room) {
            if *grown > *room {
                over += *grown - room;
                *grown = *room;
            }
        }
        if over <= 1e-9 || grown.iter().zip(&room).all(|(grown, room)| grown >= room) {
            break;
        }
        let each = over / grown.len() as f64;
        grown.iter_mut().for_each(|grown| *grown += each);
    }
    let grown = grown.iter().map(|&n| n.floor() as usize).collect();
    Redistribution { removed, grown: [wanted, grown] }
}

impl MomentumLayer<'_> {
    /// The mask once so many of the smallest weights are gone and so many of the largest momentum have come back; what was just dropped
    /// may come back. Gives the positions that are new too.
    pub fn exchanged(&self, removed: usize, grown: usize) -> (Vec<u8>, Vec<usize>) {
        let mut mask = self.mask.to_vec();
        let active = (0..mask.len()).filter(|&i| mask[i] == 1).map(|i| (self.weight[i].abs(), i));
        order::lowest(active.collect::<Vec<_>>().into_iter(), removed).into_iter().for_each(|i| mask[i] = 0);
        let cut = (0..mask.len()).filter(|&i| mask[i] == 0).map(|i| (self.momentum[i].abs(), i));
        let mut back = vec![false; mask.len()];
        order::highest(cut.collect::<Vec<_>>().into_iter(), grown).into_iter().for_each(|i| back[i] = true);
        let new: Vec<usize> = (0..mask.len()).filter(|&i| back[i]).collect();
        new.iter().for_each(|&i| mask[i] = 1);
        (mask, new)
    }
}

#[derive(Debug)]
struct Momentum(Exchange);

/// Exchanges by momentum over all layers, at some steps.
pub fn momentum_exchange(when: Exchange) -> Rc<dyn Hook> {
    Rc::new(Momentum(when))
}

impl Momentum {
    /// The running mean of a weight's gradients, among the extras.
    fn mean(state: &mut State, id: ValueId) -> Result<usize> {
        let name = format!("momentum of {}", state.graph.values[id].name);
        if let Some(index) = state.extra(&name) {
            return Ok(index);
        }
        let data: Tensor = tensor::zeros(state.graph.data(id)?.shape());
        state.extras.push(Extra { name, data, group: None });
        Ok(state.extras.len() - 1)
    }

    fn exchange(state: &mut State, share: f32) -> Result<()> {
        let masked: Vec<ValueId> =
            state.graph.layers().map(|(_, id)| id).filter(|&id| state.masks.get(id).is_some()).collect();
        let means = masked.iter().map(|&id| Self::mean(state, id)).collect::<Result<Vec<usize>>>()?;
        let mut layers = Vec::new();
        for (&id, &mean) in masked.iter().zip(&means) {
            let Some(mask) = state.masks.get(id) else { continue };
            layers.push(MomentumLayer {
                weight: state.graph.data(id)?.flat(),
                mask,
                momentum: state.extras[mean].data.flat(),
            });
        }
        let Redistribution { removed, grown: [_, grown] } = redistribute(&layers, f64::from(share));
        let new: Vec<(Vec<u8>, Vec<usize>)> =
            layers.iter().zip(removed).zip(grown).map(|((layer, drop), grow)| layer.exchanged(drop, grow)).collect();
        for (id, (mask, positions)) in masked.into_iter().zip(new) {
            let was = state.masks.get(id).map(<[u8]>::to_vec).unwrap_or_default();
            state.masks.set(id, mask);
            state.training()?.optimizer.reset(id, |i| positions.binary_search(&i).is_ok() && was[i] == 0);
        }
        state.masks.apply(&mut state.graph)
    }
}

impl Hook for Momentum {
    fn due(&self, step: usize, total: usize) -> Due {
        // Cut weights have momentum too: every step looks at their gradients.
        Due { acts: true, dense: true, cuts: self.0.at(step, total).is_some() }
    }

    fn pull(&self, state: &mut State, grads: &mut Gradients) -> Result<f64> {
        let layers: Vec<ValueId> = state.graph.layers().map(|(_, id)| id).collect();
        for id in layers {
            let mean = Self::mean(state, id)?;
            if let Some(grad) = grads.get(id) {
                let data = &mut state.extras[mean].data;
                *data = tensor::zip(data, grad, |m, g| DECAY * m + (1.0 - DECAY) * g);
            }
        }
        let trainer = state.training()?;
        if let Some(share) = self.0.at(trainer.done(), trainer.plan.steps) {
            Self::exchange(state, share)?;
        }
        Ok(0.0)
    }
}
