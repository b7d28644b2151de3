//! Numbers that several weights share, trained as one, as a hook.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::base::{Flat, Result};
use crate::train::hook::{Due, Hook};
use crate::train::{Gradients, State};

#[derive(Debug)]
struct Shared;

/// Moves all weights of a layer that are the same number by the same: by the sum of their gradients, which is that of the number.
///
/// Nothing else keeps them together, and nothing else need: an optimizer does the same to equal numbers with equal gradients.
pub fn shared() -> Rc<dyn Hook> {
    Rc::new(Shared)
}

/// Gives every kept weight the sum of the gradients of all that are the same number.
pub fn tie(weights: &[f32], kept: Option<&[u8]>, grads: &mut [f32]) {
    let is_kept = |i: usize| kept.is_none_or(|kept| kept[i] == 1);
    let mut sums: BTreeMap<u32, f64> = BTreeMap::new();
    for i in (0..weights.len()).filter(|&i| is_kept(i)) {
        *sums.entry(weights[i].to_bits()).or_default() += f64::from(grads[i]);
    }
    for i in (0..weights.len()).filter(|&i| is_kept(i)) {
        grads[i] = sums[&weights[i].to_bits()] as f32;
    }
}

impl Hook for Shared {
    fn due(&self, _: usize, _: usize) -> Due {
        Due { acts: true, ..Due::NONE }
    }

    fn pull(&self, state: &mut State, grads: &mut Gradients) -> Result<f64> {
        for (_, id) in state.graph.layers() {
            if let Some(grad) = grads.get_mut(id) {
                tie(state.graph.data(id)?.flat(), state.masks.get(id), grad.flat_mut());
            }
        }
        Ok(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_get_the_sum_and_what_is_cut_keeps_its_own() {
        let mut grads = [1.0, 2.0, 4.0, 8.0, 16.0];
        tie(&[0.5, -1.0, 0.5, 0.5, -1.0], Some(&[1, 1, 1, 0, 1]), &mut grads);
        assert_eq!(grads, [5.0, 18.0, 5.0, 8.0, 18.0]);
    }
}
