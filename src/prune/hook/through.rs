//! Masks that are chosen anew while everything goes on learning, as a hook: gradients are taken where the cut network stands and move
//! the whole one.

use std::rc::Rc;

use crate::base::{Flat, Result};
use crate::prune::rhythm::RampShape;
use crate::train::hook::{Due, Hook};
use crate::train::state::Hold;
use crate::train::{Gradients, State};

use super::Aim;

/// When masks are chosen anew, and what is done to what they cut.
#[derive(Clone, Copy, Debug)]
pub struct Refresh {
    /// Steps between choices.
    pub every: usize,
    /// Share of the training over which the cut grows, along a cubic; 0 where it is all there from the first step.
    pub end: f32,
    /// Decay of what is cut, beside the optimizer's own.
    pub decay: f32,
}

#[derive(Debug)]
struct Through {
    aim: Aim,
    how: Refresh,
}

/// Masks held in the view alone, chosen anew every so many steps.
pub fn through(aim: Aim, how: Refresh) -> Rc<dyn Hook> {
    Rc::new(Through { aim, how })
}

impl Through {
    fn share(&self, step: usize, total: usize) -> f32 {
        let last = (total as f32 * self.how.end) as usize;
        if last == 0 {
            self.aim.sparsity
        } else {
            RampShape::Cubic.share(step as f32, 0.0, last as f32, 0.0, self.aim.sparsity)
        }
    }
}

impl Hook for Through {
    fn due(&self, step: usize, total: usize) -> Due {
        // The last choice is made for the last step, so that what is told is what is used.
        Due { acts: true, dense: true, cuts: step.is_multiple_of(self.how.every) || step + 1 == total }
    }

    fn before(&self, state: &mut State) -> Result<()> {
        let (step, total) = (state.training()?.done(), state.training()?.plan.steps);
        state.hold = Hold::Through;
        if self.due(step, total).cuts {
            state.masks = (self.aim.mask)(&state.graph, self.share(step + usize::from(self.how.end > 0.0), total))?;
        }
        Ok(())
    }

    fn pull(&self, state: &mut State, grads: &mut Gradients) -> Result<f64> {
        if self.how.decay == 0.0 {
            return Ok(0.0);
        }
        for (id, kept) in state.masks.iter() {
            let stored = state.graph.data(id)?;
            if let Some(grad) = grads.get_mut(id) {
                let cut = grad.flat_mut().iter_mut().zip(stored.flat()).zip(kept).filter(|(_, kept)| **kept == 0);
                cut.for_each(|((g, w), _)| *g += self.how.decay * w);
            }
        }
        Ok(0.0)
    }
}
