//! Survivors back to the weights they were drawn with, or to those of the first training steps.

use crate::prune::told::Stage;
use crate::train::State;

use super::{Desk, Phase, Progress, Soon};

/// Takes earlier weights in place of those at hand; what is cut stays cut.
#[derive(Debug)]
pub struct Rewind {
    /// The step of the first training that it goes back to, where that is not the very beginning.
    pub to: Option<usize>,
}

impl Phase for Rewind {
    fn stage(&self) -> Stage {
        let label = match self.to {
            Some(step) => format!("Back to the weights of step {step}"),
            None => "Back to the first weights".into(),
        };
        Stage::new("rewind", label, 1)
    }

    fn step<'a>(&'a mut self, state: &'a mut State, desk: &'a mut Desk<'_>) -> Soon<'a, Progress> {
        Box::pin(async move {
            state.replace(match &state.early {
                Some(early) => early.clone(),
                None => desk.start.model.initial()?,
            })?;
            Ok(Progress { done: 1, total: 1 })
        })
    }
}
