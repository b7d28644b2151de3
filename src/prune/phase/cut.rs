//! One pruning event, in as many rounds as the criterion asks for.

use crate::base::Result;
use crate::prune::told::Stage;
use crate::train::State;

use super::cutting::Cutting;
use super::{Desk, Phase, Progress, Soon};

/// Scores, shares out, selects and masks.
#[derive(Debug)]
pub struct Cut {
    /// Share cut after it.
    pub sparsity: f32,
    /// Rounds of evidence and cuts.
    rounds: usize,
    /// Name of the criterion.
    criterion: &'static str,
    /// Shares by layer are found by a search before it.
    found: bool,
    done: usize,
    cutting: Option<Cutting>,
}

impl Cut {
    /// To a share, in so many rounds, by a criterion of this name.
    pub fn new(sparsity: f32, rounds: usize, criterion: &'static str) -> Self {
        Self { sparsity, rounds, criterion, found: false, done: 0, cutting: None }
    }

    /// By shares that a search before it finds.
    pub fn as_found(self) -> Self {
        Self { found: true, ..self }
    }

    async fn slice(&mut self, state: &mut State, desk: &mut Desk<'_>) -> Result<Progress> {
        let (sparsity, rounds) = (self.sparsity, self.rounds);
        let cutting = self.cutting.get_or_insert_with(|| Cutting::new(sparsity, rounds, state, desk));
        let over = cutting.step(state, desk).await?;
        self.done += 1;
        // What is gathered anew takes more steps than were foreseen.
        let total = if over { self.done } else { cutting.steps().max(self.done + 1) };
        Ok(Progress { done: self.done, total })
    }
}

impl Phase for Cut {
    fn stage(&self) -> Stage {
        if self.found {
            return Stage::new("prune", format!("Score by {}, cut as found", self.criterion), self.rounds);
        }
        let label = format!("Score by {}, cut to {:.1}%", self.criterion, 100.0 * self.sparsity);
        Stage { sparsity: Some(self.sparsity), ..Stage::new("prune", label, self.rounds) }
    }

    fn step<'a>(&'a mut self, state: &'a mut State, desk: &'a mut Desk<'_>) -> Soon<'a, Progress> {
        Box::pin(self.slice(state, desk))
    }
}
