//! Running both networks: counting right answers, choosing kernels, timing.

use crate::base::{Flat, Result};
use crate::compile::{Options, Ranges, compile, observe};
use crate::graph::couple::Unit;
use crate::graph::{Graph, Masks, slice};
use crate::prune::engine;
use crate::prune::target::Target;
use crate::session::Session;
use crate::session::event::Event;
use crate::session::measure::Race;
use crate::session::plan::{CALIBRATION, CHUNK};

use super::Job;

impl Job {
    /// Right answers of the network as it was; counted once for a model and its data.
    pub(super) fn before(&mut self, session: &mut Session) -> Result<bool> {
        let (Some(test), (_, graph)) = (&session.test, session.network()?) else { return Ok(true) };
        let seen = session.baseline.as_ref().map_or(0, |baseline| baseline.tally.n());
        if seen >= test.len() {
            return Ok(true);
        }
        if self.done == 0 {
            self.evaluators = vec![compile(graph, &Masks::default(), &self.quick(&[]))?];
        }
        let tally = &mut session.baseline.get_or_insert_default().tally;
        let picks: Vec<usize> = (seen..(seen + CHUNK).min(test.len())).collect();
        for plan in &mut self.evaluators {
            tally.add(&plan.answers(&test.batch(&picks))?, &test.labels(&picks));
        }
        Ok(tally.n() >= test.len())
    }

    /// Removes what can be removed for real and compiles the rest, and the dense network unless that was done before.
    pub(super) fn compile(&mut self, session: &mut Session) -> Result<bool> {
        session.dense_plan(self.recipe.running.batch, self.threads)?;
        let network = self.sliced()?;
        if self.run {
            self.ranges = self.observed(session, network.as_ref())?;
            let rules = self.rules();
            let options = Options {
                batch: self.recipe.running.batch,
                threads: self.threads,
                rules: &rules,
                ranges: self.ranges.as_ref(),
                ..Options::default()
            };
            self.plan = Some(match &network {
                Some(network) => compile(network, &Masks::default(), &options)?,
                None => compile(&self.graph, &self.masks, &options)?,
            });
        }
        self.network = network;
        Ok(true)
    }

    /// What the values of the network lie between, on training images, if it is to run on bytes.
    fn observed(&self, session: &Session, network: Option<&Graph>) -> Result<Option<Ranges>> {
        let (true, Some(train)) = (self.recipe.running.int8, &session.train) else { return Ok(None) };
        let x = train.batch(&self.picks(train));
        match network {
            Some(network) => observe(network, &Masks::default(), &x, CALIBRATION),
            None => observe(&self.graph, &self.masks, &x, CALIBRATION),
        }
        .map(Some)
    }

    /// The network without its cut channels, if channels were cut.
    fn sliced(&self) -> Result<Option<Graph>> {
        if !self.recipe.pattern.part.physical() || !self.run {
            return Ok(None);
        }
        let targets = engine::targets(&self.graph, &self.recipe.pattern)?;
        let mut removed: Vec<&Unit> = Vec::new();
        for target in &targets {
            if let Target::Channels(group) = target {
                let kept = target.kept(&self.graph, &self.masks);
                removed.extend(group.units.iter().zip(kept).filter(|(_, kept)| !kept).map(|(unit, _)| unit));
            }
        }
        slice::without(&self.graph, &removed).map(Some)
    }

    pub(super) fn test_pruned(&mut self, session: &Session, events: &mut Vec<Event>) -> Result<bool> {
        let Some(test) = &session.test else { return Ok(true) };
        if self.done == 0 {
            let graph = self.network.as_ref().unwrap_or(&self.graph);
            let masks = if self.network.is_some() { Masks::default() } else { self.masks.clone() };
            let rules = self.rules();
            let quick = self.quick(&rules);
            let mut evaluators = vec![compile(graph, &masks, &Options { ranges: self.ranges.as_ref(), ..quick })?];
            if self.ranges.is_some() {
                evaluators.push(compile(graph, &masks, &quick)?);
            }
            self.evaluators = evaluators;
        }
        let seen = self.after.n();
        let picks: Vec<usize> = (seen..(seen + CHUNK).min(test.len())).collect();
        for (plan, tally) in self.evaluators.iter_mut().zip([&mut self.after, &mut self.float]) {
            tally.add(&plan.answers(&test.batch(&picks))?, &test.labels(&picks));
        }
        let over = self.after.n() >= test.len();
        if over {
            let (i, accuracy) = (self.after.interval(), self.after.accuracy());
            events.push(Event::Accuracy {
                step: self.steps,
                accuracy,
                low: i.low,
                high: i.high,
                n: self.after.n(),
                split: "test",
            });
        }
        Ok(over)
    }

    /// One pair of samples.
    pub(super) fn measure(&mut self, session: &mut Session, events: &mut Vec<Event>) -> Result<bool> {
        let batch = self.recipe.running.batch;
        let step = session.environment.timer_step_us / 1e3;
        let Some(test) = &session.test else { return Ok(true) };
        let picks: Vec<usize> = (0..batch).map(|i| i % test.len()).collect();
        let x = test.batch(&picks);
        let dense = session.dense_plan(batch, self.threads)?;
        // The dense network races against itself: the interval then shows what this device calls equal.
        let pruned = self.plan.get_or_insert_with(|| dense.clone());
        let race = match &mut self.race {
            Some(race) => race,
            none => none.insert(Race::new(x.flat().to_vec(), dense, pruned, step)?),
        };
        race.pair(dense, pruned)?;
        let over = race.finished();
        if over {
            events.push(Event::Speed { speed: race.speed(batch, self.recipe.seed) });
        }
        Ok(over)
    }
}
