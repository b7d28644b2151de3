//! Pruning events: evidence, then the cut.

use crate::base::Result;
use crate::graph::op::Mode;
use crate::prune::engine;
use crate::prune::evidence::{Evidence, Gatherer};
use crate::session::Session;
use crate::session::event::Event;
use crate::session::preview::kept;
use crate::train::State;

use super::Job;

impl Job {
    /// One step of an event: a batch of evidence, or the cut itself.
    pub(super) async fn prune(
        &mut self,
        session: &mut Session,
        sparsity: f32,
        events: &mut Vec<Event>,
    ) -> Result<bool> {
        let rounds = self.recipe.criterion.part.rounds(&self.recipe.criterion.args);
        let mode = if self.state.fresh { Mode::train(self.recipe.seed) } else { Mode::EVAL };
        if self.gatherer.is_none() {
            self.gatherer = Some(self.new_gatherer(session, mode));
            if self.done == 0 {
                self.timeline[self.at].steps = rounds * (self.gather_steps() + 1);
            }
        }
        let (steps, round) = (self.gather_steps(), self.done / (self.gather_steps() + 1));
        if self.done % (steps + 1) < steps {
            if let Some(mut gatherer) = self.gatherer.take() {
                while !self.gather(session, &mut gatherer, events).await? {
                    (gatherer, self.done) = (self.new_gatherer(session, mode), round * (steps + 1));
                }
                self.gatherer = Some(gatherer);
            }
            return Ok(false);
        }
        let evidence = self.gatherer.take().map(Gatherer::finish).unwrap_or_default();
        let share = if round + 1 == rounds {
            sparsity
        } else {
            1.0 - libm::powf(1.0 - sparsity, (round + 1) as f32 / rounds as f32)
        };
        self.cut(evidence, share, events)?;
        Ok(round + 1 == rounds)
    }

    fn gather_steps(&self) -> usize {
        self.gatherer.as_ref().map_or(0, |g| g.steps(self.batches.len()))
    }

    pub(super) fn cut(&mut self, evidence: Evidence, share: f32, events: &mut Vec<Event>) -> Result<()> {
        self.state.masks = engine::cut(&self.state.graph, &self.recipe, evidence, &self.state.masks, share)?;
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
        events.push(Event::Masks { sparsity: engine::sparsity(graph, masks), layers: kept(graph, masks) });
    }
}
