//! Calibration passes: evidence for criteria, and new statistics for batch norms.

use crate::base::Result;
use crate::data::Dataset;
use crate::graph::op::Mode;
use crate::prune::evidence::{Batch, Gatherer, How};
use crate::session::Session;
use crate::session::event::Event;
use crate::session::plan::CALIBRATION;
use crate::train::Loss;
use crate::train::look::Look;

use super::Job;

/// Images of a batch that norms take their statistics from.
const NORMS: usize = 64;

impl Job {
    /// Nothing gathered yet, of the network as it is.
    pub(super) fn new_gatherer(&mut self, session: &Session) -> Gatherer {
        // What was never trained has no running statistics worth using.
        let mode = if self.state.fresh { Mode::train(self.recipe.seed) } else { Mode::EVAL };
        let criterion = &self.recipe.choice.criterion;
        let (needs, temperature) = (criterion.part.needs(), criterion.part.temperature(&criterion.args));
        if needs.data() && self.batches.is_empty() {
            self.batches = self.calibration(session);
        }
        self.evidence.anew();
        Gatherer::new(How { needs, mode, temperature })
    }

    /// The training images that criteria look at.
    fn calibration(&self, session: &Session) -> Vec<Batch> {
        let Some(train) = &session.train else { return Vec::new() };
        self.picks(train).chunks(CALIBRATION).map(|chunk| batch(train, chunk)).collect()
    }

    /// One step of gathering. Where the GPU fails says `false`: all is to be gathered anew, and will be the processor's.
    pub(super) async fn gather(
        &mut self,
        session: &mut Session,
        gatherer: &mut Gatherer,
        events: &mut Vec<Event>,
    ) -> Result<bool> {
        let n = self.batches.len();
        let Some(index) = gatherer.looks_at(n) else {
            return gatherer.step(&self.state.graph, &self.batches).map(|()| true);
        };
        let lent = session.lend(&self.recipe, self.batches[index].1.len());
        match self.evidence.look(lent, &self.state.graph, &self.batches[index], &gatherer.look()).await? {
            Ok(seen) => gatherer.add(seen, n),
            Err(error) => {
                self.gpu.left.push(session.without_gpu(&error, events));
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// One batch of new running statistics: plain averages over all batches.
    pub(super) async fn recalibrate(
        &mut self,
        session: &mut Session,
        batches: usize,
        events: &mut Vec<Event>,
    ) -> Result<bool> {
        let look = Look { statistics: true, ..Look::none(Mode::train(self.recipe.seed), Loss::CROSS_ENTROPY) };
        if !self.state.graph.has_norms() {
            return Ok(true);
        }
        if self.done == 0 {
            self.statistics.anew();
        }
        let seen = loop {
            let Some(data) = &session.train else { return Ok(true) };
            let (examples, _) = self.split(data);
            let start = self.done * NORMS % examples.len();
            let batch = batch(data, &examples[start..(start + NORMS).min(examples.len())]);
            let lent = session.lend(&self.recipe, batch.1.len());
            match self.statistics.look(lent, &self.state.graph, &batch, &look).await? {
                Ok(seen) => break seen,
                Err(error) => {
                    // The first batch's replace whatever is there.
                    self.gpu.left.push(session.without_gpu(&error, events));
                    self.done = 0;
                }
            }
        };
        let share = 1.0 / (self.done + 1) as f32;
        for (id, new) in seen.statistics {
            let old = self.state.graph.data_mut(id)?;
            match self.done {
                0 => *old = new,
                _ => old.zip_mut_with(&new, |old, new| *old += share * (new - *old)),
            }
        }
        let over = self.done + 1 >= batches;
        if over && self.statistics.counted() {
            self.gpu.took.insert("calibration");
        }
        Ok(over)
    }
}

/// Some images with their labels.
fn batch(data: &Dataset, picks: &[usize]) -> Batch {
    (data.batch(picks), data.labels(picks))
}
