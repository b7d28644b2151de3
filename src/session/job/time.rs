//! Timing both networks, on both executors where there are two.

use crate::base::stats::median;
use crate::base::{Flat, Result, Tensor, clock};
use crate::compile::{Choose, Options, Plan, compile};
use crate::gpu::Precision;
use crate::graph::{Masks, boosted, count};
use crate::prune::running::{Asked, Numbers};
use crate::session::Session;
use crate::session::event::Event;
use crate::session::gpu::{Uploaded, upload};
use crate::session::measure::{Entrant, Race, Runner, Version, doubt, duel};
use crate::session::plan::CROSSINGS;
use crate::session::record::Speed;

use super::Job;

/// Turns of a duel.
const DUEL: usize = 9;

/// Samples of the GPU's own clock.
const CLOCKED: usize = 5;

impl Job {
    /// Uploads both networks, where there is a GPU that this run may use.
    pub(super) async fn upload(&mut self, session: &mut Session, events: &mut Vec<Event>) -> Result<()> {
        if !session.gpu.serves(&self.asked.recipe) {
            return Ok(());
        }
        if let Err(error) = self.try_upload(session).await {
            self.sharing.leave(&mut session.gpu, &error, events);
        }
        Ok(())
    }

    async fn try_upload(&mut self, session: &mut Session) -> Result<()> {
        let (batch, rules) = (self.asked.recipe.running.batch, self.rules());
        let (Some(device), Some(x)) = (session.gpu.device(), examples(session, batch)) else { return Ok(()) };
        let options = Options { batch, rules: &rules, ..Options::default() };
        let graph = session.network()?.1.clone();
        if !session.baseline.get_or_insert_default().gpu.contains_key(&batch) {
            let (mut plans, _) = session.dense(batch, 1)?;
            let dense = Options { choose: Choose::Dense, ..options };
            let Some(plan) = plans.first_mut() else { return Ok(()) };
            let network =
                upload(&device, (&graph, &Masks::default()), &dense, Precision::Single, plan, x.flat()).await?;
            session.baseline.get_or_insert_default().gpu.insert(batch, network);
        }
        let (network, masks) = self.pruned();
        let start = clock::now_ms();
        let quick = Options { threads: self.threads, choose: Choose::Predict, ..options };
        compile(network, &masks, &quick)?.run(x.flat())?;
        self.built.cold_ms = clock::now_ms() - start;
        let halves = session.gpu.halves(&self.asked.recipe);
        let mut plans = std::mem::take(&mut self.built.plans);
        if let Some(plan) = plans.first_mut() {
            let (graph, masks) = self.pruned();
            let network = upload(&device, (graph, &masks), &options, halves, plan, x.flat()).await;
            self.built.plans = plans;
            self.built.uploaded = Some(network?);
        }
        Ok(())
    }

    /// One round of samples.
    pub(super) async fn measure(&mut self, session: &mut Session, events: &mut Vec<Event>) -> Result<bool> {
        let batch = self.asked.recipe.running.batch;
        let step = session.environment.timer_step_us / 1e3;
        let Some(x) = examples(session, batch) else { return Ok(true) };
        let mut race = self.timed.race.take();
        if let Err(error) = self.round(session, &mut race, &x, step).await {
            // The processor alone does not fail.
            self.built.uploaded = None;
            self.sharing.leave(&mut session.gpu, &error, events);
            session.baseline.get_or_insert_default().gpu.remove(&batch);
            race.iter_mut().for_each(Race::drop_gpu);
            self.round(session, &mut race, &x, step).await?;
        }
        self.timed.race = race;
        let Some(race) = self.timed.race.as_ref().filter(|race| race.finished()) else { return Ok(false) };
        let asked = self.asked.recipe.running.executor;
        let pruned = if session.gpu.halves(&self.asked.recipe) == Precision::Half { Asked::Gpu } else { asked };
        let mut speed = race.speed([asked, pruned], batch, self.asked.recipe.seed);
        speed.doubt = doubt(&speed, self.fewer(session, &speed, &x)?);
        if speed.doubt.is_some() && !std::mem::replace(&mut self.timed.again, true) {
            let message = "What was measured is more than the arithmetic explains: it is measured again.".into();
            events.push(Event::Note { level: "info", message });
            self.timed.race = None;
            return Ok(false);
        }
        self.describe(session, &mut speed).await;
        if let [cpu, gpu] = speed.by_executor.as_slice() {
            self.sharing.took_part("timing");
            session.gpu.paced(Some((batch, [cpu.dense_ms, gpu.dense_ms])));
        }
        events.push(Event::Speed { speed: speed.clone() });
        self.timed.speed = Some(speed);
        Ok(true)
    }

    /// How many times faster the cut network may be for what it has less to do, and does with more.
    fn fewer(&mut self, session: &Session, speed: &Speed, x: &Tensor) -> Result<f64> {
        let (network, masks) = self.pruned();
        let mut left = count::macs(network, &masks);
        if boosted::boosts(network).next().is_some()
            && let Some(plan) = self.built.plans.first_mut()
        {
            let before = plan.executed();
            plan.run(x.flat())?;
            left = (plan.executed() - before) / speed.batch.max(1) as u64;
        }
        let whole = count::macs(session.network()?.1, &Masks::default());
        // Bytes go four to a float, halves two; another executor explains anything.
        let numbers = match self.asked.recipe.running.precision {
            Numbers::Int8 => 4.0,
            Numbers::Half => 2.0,
            Numbers::Single => 1.0,
        };
        let shared = (speed.threads as f64 / speed.dense_threads.max(1) as f64).max(1.0);
        let apart = speed.executor != speed.dense_executor;
        Ok(if apart || left == 0 { f64::INFINITY } else { whole as f64 / left as f64 * numbers * shared })
    }

    /// What the race itself does not know: what either needed at first, and what a run is made of on a GPU.
    async fn describe(&self, session: &Session, speed: &mut Speed) {
        let dense = session.baseline.as_ref().and_then(|baseline| baseline.gpu.get(&speed.batch));
        speed.by_executor.iter_mut().take(1).for_each(|row| row.cold_ms = self.built.cold_ms);
        if let (Some(network), Some(row)) = (self.built.uploaded.as_ref().or(dense), speed.by_executor.get_mut(1)) {
            (row.cold_ms, row.dispatches) = (network.cold_ms, network.executor.dispatches());
            // A clock that fails is as none: the figure is for information.
            let mut samples = Vec::new();
            for _ in 0..CLOCKED {
                samples.extend(network.executor.arithmetic().await.ok().flatten());
            }
            row.kernels_ms = (!samples.is_empty()).then(|| median(&samples));
        }
    }

    async fn round(&mut self, session: &mut Session, race: &mut Option<Race>, x: &Tensor, step: f64) -> Result<()> {
        let (batch, both) = (self.asked.recipe.running.batch, !(self.asked.run && self.built.uploaded.is_none()));
        let hurried = session.hurried;
        let (dense, uploaded) = session.dense(batch, self.threads)?;
        if self.built.plans.is_empty() {
            // The dense network races against itself: the interval then shows what this device calls equal.
            self.built.plans = dense.iter().map(|plan| (**plan).clone()).collect();
        }
        let own = |side: Version| move |plan| on_cpu(side, plan);
        let mut entrants: Vec<Entrant> = dense
            .into_iter()
            .map(own(Version::Dense))
            .chain(self.built.plans.iter_mut().map(own(Version::Pruned)))
            .collect();
        if let (Some(dense), true) = (uploaded, both) {
            let pruned = self.built.uploaded.as_ref().unwrap_or(dense);
            for (side, network) in [(Version::Dense, dense), (Version::Pruned, pruned)] {
                entrants.push(Entrant { side, runner: Runner::Gpu(&network.executor), threads: 1 });
            }
        }
        let race = match race {
            Some(race) => race,
            none => none.insert(Race::new(x.flat().to_vec(), &mut entrants, step, hurried).await?),
        };
        race.round(&mut entrants).await
    }

    /// Tries one batch size at which the GPU may have caught up with the processor.
    pub(super) async fn cross(&mut self, session: &mut Session, events: &mut Vec<Event>) -> Result<bool> {
        let (batch, at) = (self.asked.recipe.running.batch, CROSSINGS[self.way.done]);
        let last = self.way.done + 1 == CROSSINGS.len();
        let Some([cpu, gpu]) = self.timed.speed.as_ref().map(|s| s.by_executor.as_slice()) else { return Ok(true) };
        if gpu.gain_low > 1.0 {
            return Ok(true);
        }
        // More examples take the GPU no less time than fewer: where the processor would be through by then, it has won.
        if at <= batch || gpu.pruned_ms > cpu.pruned_ms * at as f64 / batch as f64 {
            return Ok(last);
        }
        match self.ahead(session, at).await {
            Ok(false) => Ok(last),
            Ok(true) => {
                self.timed.speed.iter_mut().for_each(|speed| speed.passes_at = Some(at));
                Ok(true)
            }
            Err(error) => {
                self.sharing.leave(&mut session.gpu, &error, events);
                Ok(true)
            }
        }
    }

    /// Whether the GPU is faster with a batch of the network at hand.
    async fn ahead(&self, session: &Session, batch: usize) -> Result<bool> {
        let (Some(device), Some(x)) = (session.gpu.device(), examples(session, batch)) else { return Ok(false) };
        let rules = self.rules();
        let options = Options { batch, threads: self.threads, rules: &rules, ..Options::default() };
        let (graph, masks) = self.pruned();
        let mut plan = compile(graph, &masks, &options)?;
        let halves = session.gpu.halves(&self.asked.recipe);
        let network = upload(&device, (graph, &masks), &options, halves, &mut plan, x.flat()).await?;
        let Uploaded { executor, near, .. } = network;
        let step = session.environment.timer_step_us / 1e3;
        let sides = [Runner::Cpu(&mut plan), Runner::Gpu(&executor)];
        Ok(near && duel(sides, x.flat(), step, DUEL).await?.1.low > 1.0)
    }
}

/// A plan as a part of a race.
fn on_cpu(side: Version, plan: &mut Plan) -> Entrant<'_> {
    Entrant { side, threads: plan.threads, runner: Runner::Cpu(plan) }
}

/// A batch of test images, the first ones again where there are not so many.
fn examples(session: &Session, batch: usize) -> Option<Tensor> {
    let test = session.test.as_ref().filter(|test| !test.is_empty())?;
    let picks: Vec<usize> = (0..batch).map(|i| i % test.len()).collect();
    Some(test.batch(&picks))
}
