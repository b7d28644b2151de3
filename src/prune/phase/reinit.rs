//! Back to weights drawn anew by the run's seed, with nothing learned.

use crate::prune::told::Stage;
use crate::train::State;

use super::{Desk, Phase, Progress, Soon};

/// Draws new weights; what is cut stays cut.
#[derive(Debug)]
pub struct Reinit;

impl Phase for Reinit {
    fn stage(&self) -> Stage {
        Stage::new("reinit", "Draw new weights", 1)
    }

    fn step<'a>(&'a mut self, state: &'a mut State, desk: &'a mut Desk<'_>) -> Soon<'a, Progress> {
        Box::pin(async move {
            state.replace(desk.start.model.build(desk.recipe.seed)?)?;
            state.fresh = true;
            Ok(Progress { done: 1, total: 1 })
        })
    }
}
