//! The exchange of weights between gradient and step, as a hook: some go, as many come back.

use std::rc::Rc;

use crate::base::Result;
use crate::graph::ValueId;
use crate::train::hook::{Due, Hook};
use crate::train::{Gradients, State};

use crate::prune::regrow::{Exchange, Regrow, exchange};

/// Drops the weakest share of the weights and lets others come back, as a rule says.
#[derive(Debug)]
struct Exchanging {
    rule: &'static dyn Regrow,
    when: Exchange,
}

/// The exchange by a rule at some steps.
pub fn exchanging(rule: &'static dyn Regrow, when: Exchange) -> Rc<dyn Hook> {
    Rc::new(Exchanging { rule, when })
}

impl std::fmt::Debug for dyn Regrow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.meta().id)
    }
}

impl Hook for Exchanging {
    fn due(&self, step: usize, total: usize) -> Due {
        let acts = self.when.at(step, total).is_some();
        // What may come back needs its gradient.
        Due { acts, dense: acts, cuts: acts }
    }

    fn pull(&self, state: &mut State, grads: &mut Gradients) -> Result<f64> {
        let trainer = state.training()?;
        let Some(share) = self.when.at(trainer.done(), trainer.plan.steps) else { return Ok(0.0) };
        let layers: Vec<ValueId> = state.graph.layers().map(|(_, id)| id).collect();
        for id in layers {
            let (Some(grad), Some(mask)) = (grads.get(id), state.masks.get(id)) else { continue };
            let Some(scores) = self.rule.score(grad, &mut state.regrow) else { continue };
            let mut mask = mask.to_vec();
            let new = exchange(state.graph.data(id)?, &mut mask, &scores, share);
            state.masks.set(id, mask);
            state.training()?.optimizer.reset(id, |i| new.contains(&i));
        }
        state.masks.apply(&mut state.graph)?;
        Ok(0.0)
    }
}
