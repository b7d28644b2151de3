//! A pruning event under way, a slice at a time: a batch of evidence, or a cut. Events that are phases of their own and those
//! between training steps are the same.

use crate::base::Result;
use crate::graph::op::Mode;
use crate::prune::event;
use crate::prune::gather::{Gatherer, How};
use crate::prune::probe::{Batch, see_examples};
use crate::prune::rhythm::geometric_share;
use crate::prune::split::{BATCH, calibration};
use crate::prune::told::{Told, kept};
use crate::train::State;

use super::{Desk, Looked, Looking, Purpose};

/// A pruning event in so many rounds.
#[derive(Debug)]
pub struct Cutting {
    sparsity: f32,
    rounds: usize,
    /// Rounds of scores and cuts that are done.
    done: usize,
    batches: Vec<Batch>,
    gatherer: Gatherer,
    /// Nothing of the network as it is was looked at yet.
    first: bool,
}

impl Cutting {
    /// An event that has done nothing yet.
    pub fn new(sparsity: f32, rounds: usize, state: &State, desk: &Desk) -> Self {
        let probes = desk.recipe.choice.criterion.part.probes();
        let batches = match desk.data.filter(|_| see_examples(probes)) {
            Some(data) => calibration(data.len(), desk.recipe.calibration, desk.recipe.seed)
                .chunks(BATCH)
                .map(|picks| data.labelled(picks))
                .collect(),
            None => Vec::new(),
        };
        Self { sparsity, rounds, done: 0, batches, gatherer: gatherer(state, desk), first: true }
    }

    /// Slices that it takes.
    pub fn steps(&self) -> usize {
        self.rounds * (self.gatherer.steps(self.batches.len()) + 1)
    }

    /// One slice; says whether the last cut is made.
    pub async fn step(&mut self, state: &mut State, desk: &mut Desk<'_>) -> Result<bool> {
        if !self.gatherer.is_done(self.batches.len()) {
            self.gather(state, desk).await?;
            return Ok(false);
        }
        let next = gatherer(state, desk);
        let evidence = std::mem::replace(&mut self.gatherer, next).finish();
        self.first = true;
        self.done += 1;
        let share = geometric_share(self.done, self.rounds, self.sparsity);
        state.masks = event::cut(&state.graph, desk.recipe, evidence, &state.masks, share)?;
        state.masks.apply(&mut state.graph)?;
        tell_masks(state, desk);
        Ok(self.done >= self.rounds)
    }

    async fn gather(&mut self, state: &State, desk: &mut Desk<'_>) -> Result<()> {
        let n = self.batches.len();
        let Some(index) = self.gatherer.looks_at(n) else { return self.gatherer.step(&state.graph, &self.batches) };
        let looking = Looking {
            batch: &self.batches[index],
            what: &self.gatherer.look(),
            purpose: Purpose::Evidence,
            first: std::mem::take(&mut self.first),
        };
        match desk.compute.look(&state.graph, looking).await? {
            Looked::Seen(seen) => self.gatherer.add(seen, n),
            Looked::Anew => (self.gatherer, self.first) = (gatherer(state, desk), true),
        }
        Ok(())
    }
}

/// Nothing gathered yet, of the network as it is.
fn gatherer(state: &State, desk: &Desk) -> Gatherer {
    // What was never trained has no running statistics worth using.
    let mode = if state.fresh { Mode::train(desk.recipe.seed) } else { Mode::EVAL };
    let criterion = &desk.recipe.choice.criterion;
    let temperature = criterion.part.temperature(&criterion.args);
    Gatherer::new(How { probes: criterion.part.probes(), mode, temperature })
}

/// Says what is cut now.
pub fn tell_masks(state: &State, desk: &mut Desk<'_>) {
    let State { graph, masks, .. } = state;
    (desk.tell)(Told::Masks { sparsity: event::sparsity(graph, masks), layers: kept(graph, masks) });
}
