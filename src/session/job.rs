//! One run, a slice at a time.

use crate::base::{Result, Rng, clock, team};
use crate::compile::{Choose, GroupRule, Options, Plan, Ranges, compile, observe};
use crate::data::Dataset;
use crate::graph::op::Mode;
use crate::graph::run::trace;
use crate::graph::{Graph, Masks, couple::Unit, slice};
use crate::prune::evidence::{Batch, Gatherer, How};
use crate::prune::phase::{Phase, Train};
use crate::prune::regrow::{Exchange, exchange};
use crate::prune::target::Target;
use crate::prune::{Recipe, Settings, engine};
use crate::train::eval::Tally;
use crate::train::lr::Rate;
use crate::train::optim::Optimizer;
use crate::train::{Loss, Plan as Training, Trainer};
use crate::zoo;

use super::event::Event;
use super::measure::Race;
use super::plan::{CALIBRATION, CHUNK, Task, stage, tasks};
use super::preview::{cut, kept};
use super::record::{Point, Stage};
use super::{Outcome, Session, report};

/// Images of a training batch.
const BATCH: usize = 64;
/// Training images that are never trained on: accuracy along the way is taken from them.
const HELD_OUT: usize = 500;

/// A run under way.
#[derive(Debug)]
pub struct Job {
    pub(super) run: bool,
    pub(super) recipe: Recipe,
    pub(super) settings: Settings,
    pub(super) graph: Graph,
    pub(super) masks: Masks,
    pub(super) network: Option<Graph>,
    pub(super) timeline: Vec<Stage>,
    pub(super) curve: Vec<Point>,
    pub(super) after: Tally,
    /// Right answers in floats, where the plan is on bytes.
    pub(super) float: Tally,
    pub(super) started: f64,
    /// Threads that plans share: those asked for, as far as there are as many.
    pub(super) threads: usize,
    tasks: Vec<Task>,
    at: usize,
    done: usize,
    steps: usize,
    trainer: Option<Trainer>,
    gatherer: Option<Gatherer>,
    batches: Vec<Batch>,
    pub(super) plan: Option<Plan>,
    evaluators: Vec<Plan>,
    ranges: Option<Ranges>,
    pub(super) race: Option<Race>,
    regrow: Rng,
}

impl Job {
    /// A run that has done nothing yet, for a place that has some cores.
    pub fn new(run: bool, recipe: Recipe, settings: Settings, graph: Graph, cores: usize) -> Self {
        let (tasks, regrow) = (tasks(&recipe, run), Rng::fork(recipe.seed, "regrow"));
        let threads = team::hire(recipe.threads.min(cores));
        Self {
            run,
            recipe,
            settings,
            graph,
            masks: Masks::default(),
            network: None,
            timeline: Vec::new(),
            curve: Vec::new(),
            after: Tally::default(),
            float: Tally::default(),
            started: clock::now_ms(),
            threads,
            tasks,
            at: 0,
            done: 0,
            steps: 0,
            trainer: None,
            gatherer: None,
            batches: Vec::new(),
            plan: None,
            evaluators: Vec::new(),
            ranges: None,
            race: None,
            regrow,
        }
    }

    /// Does one slice of the current stage; gives what is left behind once all is done.
    ///
    /// # Errors
    /// When training diverges or a part does not apply.
    pub fn slice(&mut self, session: &mut Session, events: &mut Vec<Event>) -> Result<Option<Option<Outcome>>> {
        if self.timeline.is_empty() {
            let n = session.test.as_ref().map_or(0, Dataset::len);
            self.timeline = self.tasks.iter().map(|task| stage(task, &self.recipe, n)).collect();
            events.push(Event::Timeline { phases: self.timeline.clone() });
        }
        if self.done == 0 {
            let Stage { label, kind, .. } = self.timeline[self.at].clone();
            events.push(Event::Phase { index: self.at, label, kind });
        }
        let task = self.tasks[self.at].clone();
        let over = match &task {
            Task::Before => self.before(session)?,
            Task::Phase(Phase::Reinit) => self.reinit(session)?,
            Task::Phase(Phase::Rewind) => self.rewind(session)?,
            Task::Phase(Phase::Prune { sparsity }) => self.prune(session, *sparsity, events)?,
            Task::Phase(Phase::Train(train)) => self.train(session, train, events)?,
            Task::Phase(Phase::Recalibrate { batches }) => self.recalibrate(session, *batches)?,
            Task::Compile => self.compile(session)?,
            Task::After => self.test_pruned(session, events)?,
            Task::Measure => self.measure(session, events)?,
        };
        self.done += 1;
        let total = self.timeline[self.at].steps.max(self.done);
        events.push(Event::Progress { phase: self.at, done: if over { total } else { self.done }, total });
        if over {
            (self.at, self.done) = (self.at + 1, 0);
        }
        if self.at < self.tasks.len() {
            return Ok(None);
        }
        let record = report::record(self, session)?;
        events.push(Event::Result { record: Box::new(record) });
        let network = self.network.take().unwrap_or_else(|| self.graph.clone());
        let outcome = Outcome { masked: self.graph.clone(), masks: self.masks.clone(), network };
        Ok(Some(self.run.then_some(outcome)))
    }

    /// Right answers of the network as it was; counted once for a model and its data.
    fn before(&mut self, session: &mut Session) -> Result<bool> {
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

    fn reinit(&mut self, session: &Session) -> Result<bool> {
        self.graph = session.network()?.0.build(self.recipe.seed)?;
        Ok(true)
    }

    fn rewind(&mut self, session: &Session) -> Result<bool> {
        self.graph = session.network()?.0.build(zoo::SEED)?;
        self.masks.apply(&mut self.graph)?;
        Ok(true)
    }

    /// Training images that are trained on, and those held out.
    fn split(&self, train: &Dataset) -> (Vec<usize>, Vec<usize>) {
        let mut order: Vec<usize> = (0..train.len()).collect();
        Rng::fork(0, "validation").shuffle(&mut order);
        let held = order.split_off(train.len() - HELD_OUT.min(train.len() / 5));
        (order, held)
    }

    /// One step of an event: a batch of evidence, or the cut itself.
    fn prune(&mut self, session: &Session, sparsity: f32, events: &mut Vec<Event>) -> Result<bool> {
        let criterion = &self.recipe.criterion;
        let rounds = criterion.part.rounds(&criterion.args);
        if self.gatherer.is_none() {
            let untrained = matches!(self.tasks.get(self.at.wrapping_sub(1)), Some(Task::Phase(Phase::Reinit)));
            let mode = if untrained { Mode::train(self.recipe.seed) } else { Mode::EVAL };
            let how =
                How { needs: criterion.part.needs(), mode, temperature: criterion.part.temperature(&criterion.args) };
            self.gatherer = Some(Gatherer::new(how));
            if how.needs.data() && self.batches.is_empty() {
                self.batches = self.calibration(session);
            }
            if self.done == 0 {
                (self.steps, self.timeline[self.at].steps) = (0, rounds * (self.gather_steps() + 1));
            }
        }
        let (steps, round) = (self.gather_steps(), self.done / (self.gather_steps() + 1));
        if self.done % (steps + 1) < steps {
            if let Some(gatherer) = &mut self.gatherer {
                gatherer.step(&self.graph, &self.batches)?;
            }
            return Ok(false);
        }
        let evidence = self.gatherer.take().map(Gatherer::finish).unwrap_or_default();
        let share = if round + 1 == rounds {
            sparsity
        } else {
            1.0 - libm::powf(1.0 - sparsity, (round + 1) as f32 / rounds as f32)
        };
        self.cut(&evidence, share, events)?;
        Ok(round + 1 == rounds)
    }

    fn gather_steps(&self) -> usize {
        self.gatherer.as_ref().map_or(0, |g| g.steps(self.batches.len()))
    }

    fn cut(&mut self, evidence: &crate::prune::evidence::Evidence, share: f32, events: &mut Vec<Event>) -> Result<()> {
        self.masks = cut(&self.graph, &self.recipe, evidence, &self.masks, share)?;
        self.masks.apply(&mut self.graph)?;
        events.push(Event::Masks {
            sparsity: engine::sparsity(&self.graph, &self.masks),
            layers: kept(&self.graph, &self.masks),
        });
        Ok(())
    }

    fn calibration(&self, session: &Session) -> Vec<Batch> {
        let Some(train) = &session.train else { return Vec::new() };
        self.picks(train).chunks(CALIBRATION).map(|chunk| (train.batch(chunk), train.labels(chunk))).collect()
    }

    /// The training images that are looked at.
    fn picks(&self, train: &Dataset) -> Vec<usize> {
        let (mut picks, _) = self.split(train);
        Rng::fork(self.recipe.seed, "calibration").shuffle(&mut picks);
        picks.truncate(self.recipe.calibration);
        picks
    }

    /// One training step, with what the schedule and the regrowing do between steps.
    fn train(&mut self, session: &Session, phase: &Train, events: &mut Vec<Event>) -> Result<bool> {
        let (Some(data), (model, teacher)) = (&session.train, session.network()?) else { return Ok(true) };
        let (examples, held) = self.split(data);
        let mut trainer = self.trainer.take().unwrap_or_else(|| {
            let plan = Training {
                steps: phase.steps,
                batch: BATCH,
                rate: Rate::cosine(phase.rate, phase.steps / 20),
                loss: Loss { distil: phase.distil, ..Loss::CROSS_ENTROPY },
                augment: model.recipe.augment,
                seed: self.recipe.seed.wrapping_add(self.at as u64),
            };
            let mut optimizer = Optimizer::sgd(0.9, model.recipe.decay);
            optimizer.decay_all = false;
            Trainer::new(plan, optimizer)
        });
        let step = trainer.done();
        if let Some(share) = phase.ramp.and_then(|ramp| ramp.at(step)) {
            let criterion = &self.recipe.criterion;
            let how = How {
                needs: criterion.part.needs(),
                mode: Mode::EVAL,
                temperature: criterion.part.temperature(&criterion.args),
            };
            if how.needs.data() && self.batches.is_empty() {
                self.batches = self.calibration(session);
            }
            let evidence = crate::prune::evidence::gather(&self.graph, &self.batches, how)?;
            self.cut(&evidence, share, events)?;
        }
        // What may come back needs its gradient, what stays cut does not.
        let share = self.exchanged(step, phase.steps);
        let whole = Masks::default();
        let masks = if share.is_some() { &whole } else { &self.masks };
        let teacher = phase.distil.map(|_| teacher);
        let (learned, accuracy) = trainer.gradients(&self.graph, masks, teacher, data, &examples)?;
        if let Some(share) = share {
            self.exchange(&mut trainer, &learned.grads, share, events)?;
        }
        let now = trainer.apply(&mut self.graph, &self.masks, learned, accuracy)?;
        self.steps += 1;
        self.curve.push(Point { step: self.steps, loss: now.loss, accuracy: now.accuracy });
        events.push(Event::Train { step: self.steps, loss: now.loss, accuracy: now.accuracy, lr: now.rate });
        let over = trainer.finished();
        if over || trainer.done().is_multiple_of((phase.steps / 4).max(25)) {
            self.validate(data, &held, events)?;
        }
        self.trainer = (!over).then_some(trainer);
        Ok(over)
    }

    /// The share of weights that is exchanged at a step, where the regrowing says so.
    fn exchanged(&self, step: usize, total: usize) -> Option<f32> {
        let pick = &self.recipe.regrow;
        if pick.part.meta().params.is_empty() { None } else { Exchange::read(&pick.args).at(step, total) }
    }

    /// Drops the weakest share of the weights and lets others come back.
    fn exchange(
        &mut self,
        trainer: &mut Trainer,
        grads: &crate::train::Gradients,
        fraction: f32,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        let pick = self.recipe.regrow.clone();
        for (_, id) in self.graph.layers().collect::<Vec<_>>() {
            let (Some(grad), Some(mask)) = (grads.get(id), self.masks.get(id)) else { continue };
            let Some(scores) = pick.part.score(grad, &mut self.regrow) else { continue };
            let mut mask = mask.to_vec();
            let new = exchange(self.graph.data(id)?, &mut mask, &scores, fraction);
            self.masks.set(id, mask);
            trainer.optimizer.reset(id, |i| new.contains(&i));
        }
        self.masks.apply(&mut self.graph)?;
        events.push(Event::Masks {
            sparsity: engine::sparsity(&self.graph, &self.masks),
            layers: kept(&self.graph, &self.masks),
        });
        Ok(())
    }

    fn validate(&self, data: &Dataset, held: &[usize], events: &mut Vec<Event>) -> Result<()> {
        let mut plan = compile(&self.graph, &self.masks, &self.quick(&[]))?;
        let mut tally = Tally::default();
        tally.add(&plan.answers(&data.batch(held))?, &data.labels(held));
        let (i, accuracy) = (tally.interval(), tally.accuracy());
        events.push(Event::Accuracy {
            step: self.steps,
            accuracy,
            low: i.low,
            high: i.high,
            n: tally.n(),
            split: "validation",
        });
        Ok(())
    }

    /// One batch of new running statistics: plain averages over all batches.
    fn recalibrate(&mut self, session: &Session, batches: usize) -> Result<bool> {
        let Some(data) = &session.train else { return Ok(true) };
        let (examples, _) = self.split(data);
        let start = self.done * BATCH % examples.len();
        let picks: Vec<usize> = examples[start..(start + BATCH).min(examples.len())].to_vec();
        let run = trace(&self.graph, &data.batch(&picks), Mode::train(self.recipe.seed))?;
        let momentum = crate::graph::op::BatchNorm::default().momentum;
        for (id, new) in run.updates {
            // The operator blends with its momentum; undo that and blend by count instead.
            let old = self.graph.data_mut(id)?;
            let share = 1.0 / (self.done + 1) as f32;
            old.zip_mut_with(&new, |o, &n| {
                let batch = (n - (1.0 - momentum) * *o) / momentum;
                *o += share * (batch - *o);
            });
        }
        Ok(self.done + 1 >= batches)
    }

    /// Removes what can be removed for real and compiles the rest, and the dense network unless that was done before.
    fn compile(&mut self, session: &mut Session) -> Result<bool> {
        session.dense_plan(self.recipe.batch, self.threads)?;
        let network = self.sliced()?;
        if self.run {
            self.ranges = self.observed(session, network.as_ref())?;
            let rules = self.rules();
            let options = Options {
                batch: self.recipe.batch,
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
        let (true, Some(train)) = (self.recipe.int8, &session.train) else { return Ok(None) };
        let x = train.batch(&self.picks(train));
        match network {
            Some(network) => observe(network, &Masks::default(), &x, CALIBRATION),
            None => observe(&self.graph, &self.masks, &x, CALIBRATION),
        }
        .map(Some)
    }

    /// Answers do not depend on the kernels, so a quick choice will do for counting them.
    fn quick<'a>(&self, rules: &'a [GroupRule]) -> Options<'a> {
        Options { batch: CHUNK, threads: self.threads, rules, choose: Choose::Predict, ..Options::default() }
    }

    fn rules(&self) -> Vec<GroupRule> {
        let Some((n, m)) = self.recipe.pattern.part.groups(&self.recipe.pattern.args) else { return Vec::new() };
        self.graph.layers().map(|(_, weight)| GroupRule { weight, n, m }).collect()
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

    fn test_pruned(&mut self, session: &Session, events: &mut Vec<Event>) -> Result<bool> {
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
    fn measure(&mut self, session: &mut Session, events: &mut Vec<Event>) -> Result<bool> {
        let batch = self.recipe.batch;
        let step = session.environment.timer_step_us / 1e3;
        let Some(test) = &session.test else { return Ok(true) };
        let picks: Vec<usize> = (0..batch).map(|i| i % test.len()).collect();
        let x = test.batch(&picks);
        let dense = session.dense_plan(batch, self.threads)?;
        // The dense network races against itself: the interval then shows what this device calls equal.
        let pruned = self.plan.get_or_insert_with(|| dense.clone());
        let race = match &mut self.race {
            Some(race) => race,
            none => none.insert(Race::new(crate::base::Flat::flat(&x).to_vec(), dense, pruned, step)?),
        };
        race.pair(dense, pruned)?;
        let over = race.finished();
        if over {
            events.push(Event::Speed { speed: race.speed(batch, self.recipe.seed) });
        }
        Ok(over)
    }
}
