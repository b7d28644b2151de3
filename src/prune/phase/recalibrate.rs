//! Running statistics of batch norms, taken anew.

use crate::base::{Result, tensor};
use crate::graph::Graph;
use crate::graph::op::Mode;
use crate::prune::split::split;
use crate::prune::told::Stage;
use crate::train::look::Look;
use crate::train::{Loss, State};

use super::{Desk, Looked, Looking, Phase, Progress, Purpose, Soon};

/// Images of a batch that norms take their statistics from.
const BATCH: usize = 64;

/// Takes plain averages over some batches.
#[derive(Debug)]
pub struct Recalibrate {
    batches: usize,
    done: usize,
}

impl Recalibrate {
    /// Over so many batches.
    pub fn new(batches: usize) -> Self {
        Self { batches, done: 0 }
    }

    async fn slice(&mut self, state: &mut State, desk: &mut Desk<'_>) -> Result<Progress> {
        let total = self.batches;
        let what = Look { statistics: true, ..Look::none(Mode::train(desk.recipe.seed), Loss::CROSS_ENTROPY) };
        let Some(data) = desk.data.filter(|_| state.graph.has_norms()) else {
            return Ok(Progress { done: total, total });
        };
        let (examples, _) = split(data.len());
        let start = self.done * BATCH % examples.len();
        let batch = data.labelled(&examples[start..(start + BATCH).min(examples.len())]);
        let looking = Looking { batch: &batch, what: &what, purpose: Purpose::Norms, first: self.done == 0 };
        let seen = match desk.compute.look(&state.graph, looking).await? {
            Looked::Seen(seen) => seen,
            Looked::Part => return Ok(Progress { done: self.done, total }),
            Looked::Anew => {
                // The first batch's replace whatever is there.
                self.done = 0;
                return Ok(Progress { done: 0, total });
            }
        };
        let share = 1.0 / (self.done + 1) as f32;
        for (id, new) in seen.statistics {
            let old = state.graph.data_mut(id)?;
            match self.done {
                0 => *old = new,
                _ => *old = tensor::zip(old, &new, |old, new| old + share * (new - old)),
            }
        }
        self.done += 1;
        Ok(Progress { done: self.done, total })
    }
}

impl Phase for Recalibrate {
    fn stage(&self) -> Stage {
        Stage::new("recalibrate", "Recalibrate batch norm", self.batches)
    }

    fn step<'a>(&'a mut self, state: &'a mut State, desk: &'a mut Desk<'_>) -> Soon<'a, Progress> {
        Box::pin(self.slice(state, desk))
    }

    fn needs_images(&self) -> bool {
        true
    }

    fn idle(&self, graph: &Graph) -> Option<&'static str> {
        (!graph.has_norms()).then_some("This network has no batch norm: to recalibrate changes nothing.")
    }
}
