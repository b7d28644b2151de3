//! Pruning events, a slice at a time: evidence, then the cut. Phases of their own and cuts between training steps are the same.

use crate::base::Result;
use crate::prune::event;
use crate::prune::evidence::{Evidence, Gatherer};
use crate::prune::phase::geometric_share;
use crate::session::Session;
use crate::session::event::Event;
use crate::session::preview::kept;
use crate::train::State;

use super::Job;

/// A pruning event under way.
#[derive(Debug)]
pub(super) struct Cutting {
    /// Rounds of scores and cuts that are done.
    rounds: usize,
    gatherer: Gatherer,
}

impl Job {
    /// One slice of an event that is a phase: in as many rounds as the criterion asks for.
    pub(super) async fn prune(
        &mut self,
        session: &mut Session,
        sparsity: f32,
        events: &mut Vec<Event>,
    ) -> Result<bool> {
        let rounds = self.recipe.choice.criterion.part.rounds(&self.recipe.choice.criterion.args);
        if self.done == 0 {
            let gatherer = self.new_gatherer(session);
            self.timeline[self.at].steps = rounds * (gatherer.steps(self.batches.len()) + 1);
            self.cutting = Some(Cutting { rounds: 0, gatherer });
        }
        self.event(session, sparsity, rounds, events).await
    }

    /// One slice of an event: a batch of evidence, or a cut. Says whether the last cut is made.
    pub(super) async fn event(
        &mut self,
        session: &mut Session,
        sparsity: f32,
        rounds: usize,
        events: &mut Vec<Event>,
    ) -> Result<bool> {
        let mut cutting = match self.cutting.take() {
            Some(cutting) => cutting,
            None => Cutting { rounds: 0, gatherer: self.new_gatherer(session) },
        };
        if !cutting.gatherer.is_done(self.batches.len()) {
            if !self.gather(session, &mut cutting.gatherer, events).await? {
                cutting.gatherer = self.new_gatherer(session);
            }
            self.cutting = Some(cutting);
            return Ok(false);
        }
        let round = cutting.rounds + 1;
        self.cut(cutting.gatherer.finish(), geometric_share(round, rounds, sparsity), events)?;
        if round < rounds {
            self.cutting = Some(Cutting { rounds: round, gatherer: self.new_gatherer(session) });
        }
        Ok(round >= rounds)
    }

    fn cut(&mut self, evidence: Evidence, share: f32, events: &mut Vec<Event>) -> Result<()> {
        self.state.masks = event::cut(&self.state.graph, &self.recipe, evidence, &self.state.masks, share)?;
        self.state.masks.apply(&mut self.state.graph)?;
        if self.evidence.counted() {
            self.gpu.took.insert("calibration");
        }
        self.tell_masks(events);
        Ok(())
    }

    /// Says what is cut now.
    pub(super) fn tell_masks(&self, events: &mut Vec<Event>) {
        let State { graph, masks, .. } = &self.state;
        events.push(Event::Masks { sparsity: event::sparsity(graph, masks), layers: kept(graph, masks) });
    }
}
