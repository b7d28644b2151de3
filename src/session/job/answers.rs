//! Running both networks: counting right answers, choosing kernels.

use crate::base::{Result, Tensor};
use crate::compile::{Options, Ranges, compile, observe};
use crate::gpu::Precision;
use crate::graph::{Graph, Masks};
use crate::prune::split::{BATCH, calibration};
use crate::session::compute::answering::Evaluator;
use crate::session::event::Event;
use crate::session::file::without_channels;
use crate::session::gpu::Lent;
use crate::session::plan::CHUNK;
use crate::session::{Session, team_sizes};

use super::Job;

impl Job {
    /// Right answers of the network as it was; counted once for a model and its data.
    pub(super) async fn before(&mut self, session: &mut Session, events: &mut Vec<Event>) -> Result<bool> {
        let (Some(test), (_, graph)) = (&session.test, session.network()?) else { return Ok(true) };
        let seen = session.baseline.as_ref().map_or(0, |baseline| baseline.tally.n()) / test.truths();
        if seen >= test.len() {
            return Ok(true);
        }
        if self.way.done == 0 {
            let (network, lent) = ((graph, &Masks::default()), self.counting(session));
            self.tested.evaluators = vec![Evaluator::new(network, &self.quick(&[]), lent, Precision::Single).await?];
        }
        let picks: Vec<usize> = (seen..(seen + CHUNK).min(test.len())).collect();
        let (x, labels) = (test.batch(&picks), test.labels(&picks));
        let over = seen + picks.len() >= test.len();
        let answers = self.answers(&x, session, events).await?;
        let tally = &mut session.baseline.get_or_insert_default().tally;
        answers.iter().for_each(|answers| tally.add(answers, &labels));
        Ok(over)
    }

    /// The GPU for counting right answers, if there is one that might be faster or was asked for.
    pub(super) fn counting(&self, session: &Session) -> Option<Lent> {
        session.gpu.lend(&self.asked.recipe, CHUNK).filter(|lent| lent.forced || session.gpu.within_reach(CHUNK))
    }

    /// Answers of all evaluators to a chunk of images.
    async fn answers(&mut self, x: &Tensor, session: &mut Session, events: &mut Vec<Event>) -> Result<Vec<Tensor>> {
        let mut all = Vec::new();
        for evaluator in &mut self.tested.evaluators {
            let (answers, failed) = evaluator.answers(x).await?;
            all.push(answers);
            if evaluator.gpu_counted() {
                self.sharing.took_part("answers");
            }
            if let Some(error) = failed {
                self.sharing.leave(&mut session.gpu, &error, events);
            }
        }
        Ok(all)
    }

    /// Removes what can be removed for real and compiles the rest, and the dense network unless that was done before.
    pub(super) async fn compile(&mut self, session: &mut Session, events: &mut Vec<Event>) -> Result<bool> {
        session.dense(self.asked.recipe.running.batch, self.threads)?;
        let network = self.sliced()?;
        if self.asked.run {
            self.built.ranges = self.observed(session, network.as_ref())?;
            let rules = self.rules();
            for threads in team_sizes(self.threads) {
                let options = Options {
                    batch: self.asked.recipe.running.batch,
                    threads,
                    rules: &rules,
                    ranges: self.built.ranges.as_ref(),
                    ..Options::default()
                };
                self.built.plans.push(match &network {
                    Some(network) => compile(network, &Masks::default(), &options)?,
                    None => compile(&self.state.graph, &self.state.masks, &options)?,
                });
            }
        }
        self.built.network = network;
        self.upload(session, events).await?;
        Ok(true)
    }

    /// The pruned network as it is stored, and its masks.
    pub(in crate::session) fn pruned(&self) -> (&Graph, Masks) {
        match &self.built.network {
            Some(network) => (network, Masks::default()),
            None => (&self.state.graph, self.state.masks.clone()),
        }
    }

    /// What the values of the network lie between, on training images, if it is to run on bytes.
    fn observed(&self, session: &Session, network: Option<&Graph>) -> Result<Option<Ranges>> {
        let (true, Some(train)) = (self.asked.recipe.running.int8(), &session.train) else { return Ok(None) };
        let x = train.batch(&calibration(train.len(), self.asked.recipe.calibration, self.asked.recipe.seed));
        match network {
            Some(network) => observe(network, &Masks::default(), &x, BATCH),
            None => observe(&self.state.graph, &self.state.masks, &x, BATCH),
        }
        .map(Some)
    }

    /// The network without its cut channels, if channels were cut.
    fn sliced(&self) -> Result<Option<Graph>> {
        if self.asked.run {
            without_channels(&self.state.graph, &self.state.masks, &self.asked.recipe)
        } else {
            Ok(None)
        }
    }

    pub(super) async fn test_pruned(&mut self, session: &mut Session, events: &mut Vec<Event>) -> Result<bool> {
        let Some(test) = &session.test else { return Ok(true) };
        if self.way.done == 0 {
            let (graph, masks) = self.pruned();
            let network = (graph, &masks);
            let rules = self.rules();
            let lent = self.counting(session);
            let quick = self.quick(&rules);
            let whole = Options { ranges: self.built.ranges.as_ref(), ..quick };
            let halves = session.gpu.halves(&self.asked.recipe);
            // What is coarser than 32-bit floats is counted as it runs, and in these beside it.
            let coarse = halves == Precision::Half;
            let asked = || session.gpu.lend(&self.asked.recipe, CHUNK).map(|lent| Lent { forced: true, ..lent });
            let runs = if coarse { asked() } else { lent.clone() };
            let mut evaluators = vec![Evaluator::new(network, &whole, runs, halves).await?];
            if self.built.ranges.is_some() || coarse {
                evaluators.push(Evaluator::new(network, &quick, lent, Precision::Single).await?);
            }
            self.tested.evaluators = evaluators;
        }
        let seen = self.tested.after.n() / test.truths();
        let picks: Vec<usize> = (seen..(seen + CHUNK).min(test.len())).collect();
        let (x, labels, n) = (test.batch(&picks), test.labels(&picks), test.len() * test.truths());
        let answers = self.answers(&x, session, events).await?;
        answers
            .iter()
            .zip([&mut self.tested.after, &mut self.tested.float])
            .for_each(|(answers, tally)| tally.add(answers, &labels));
        let over = self.tested.after.n() >= n;
        if over {
            events.push(Event::accuracy(self.state.steps, &self.tested.after, "test"));
        }
        Ok(over)
    }
}
