//! One run, a slice at a time.

mod calibrate;
mod cut;
mod learn;
mod run;
mod time;

use std::collections::BTreeSet;

use crate::base::{Result, Rng, clock, team};
use crate::compile::{Choose, GroupRule, Options, Plan, Ranges};
use crate::data::Dataset;
use crate::graph::{Graph, Masks};
use crate::prune::evidence::Batch;
use crate::prune::phase::Phase;
use crate::prune::{Recipe, Settings};
use crate::train::State;
use crate::train::eval::Tally;

use super::Session;
use super::calibrating::Calibrating;
use super::evaluate::Evaluator;
use super::event::Event;
use super::gpu::Uploaded;
use super::learning::Learning;
use super::measure::Race;
use super::plan::{CHUNK, Task, stage, tasks};
use super::record::{Point, Speed, Stage};
use cut::Cutting;

/// Training images that are never trained on: accuracy along the way is taken from them.
const HELD_OUT: usize = 500;

/// A run under way.
#[derive(Debug)]
pub struct Job {
    pub(in crate::session) run: bool,
    pub(in crate::session) recipe: Recipe,
    pub(in crate::session) settings: Settings,
    /// The network as far as it has come.
    pub(in crate::session) state: State,
    /// What was cut when it began.
    pub(in crate::session) before: Masks,
    pub(in crate::session) network: Option<Graph>,
    pub(in crate::session) timeline: Vec<Stage>,
    pub(in crate::session) curve: Vec<Point>,
    pub(in crate::session) after: Tally,
    /// Right answers in floats, where the plan is on bytes.
    pub(in crate::session) float: Tally,
    pub(in crate::session) started: f64,
    /// Threads that plans share: those asked for, as far as there are as many.
    pub(in crate::session) threads: usize,
    tasks: Vec<Task>,
    at: usize,
    /// Whether the task at hand was announced.
    begun: bool,
    done: usize,
    learning: Learning,
    /// The pruning event under way.
    cutting: Option<Cutting>,
    batches: Vec<Batch>,
    /// Looking at the batches for criteria, and at others for norms.
    evidence: Calibrating,
    statistics: Calibrating,
    /// The network that came of it, compiled for each number of threads that is tried.
    pub(in crate::session) plans: Vec<Plan>,
    /// Time from the network to its first answers on the processor, in ms; 0 where there is no GPU to compare with.
    cold_ms: f64,
    /// The pruned network on the GPU.
    pub(in crate::session) uploaded: Option<Uploaded>,
    evaluators: Vec<Evaluator>,
    ranges: Option<Ranges>,
    race: Option<Race>,
    /// A first race gave what the arithmetic does not explain.
    again: bool,
    pub(in crate::session) speed: Option<Speed>,
    /// What the GPU took part in, and what became of it if it did not last.
    pub(in crate::session) gpu: GpuPart,
    /// The network at hand and its masks, while the dense one does its first steps.
    stashed: Option<(Graph, Masks)>,
    /// What rewinding goes back to, where that is not the very beginning.
    first: Option<Graph>,
}

/// What a GPU had to do with a run.
#[derive(Debug, Default)]
pub(in crate::session) struct GpuPart {
    /// `timing`, `answers`, `calibration`, `training`.
    pub took: BTreeSet<&'static str>,
    /// Why it was left.
    pub left: Vec<String>,
}

/// What a slice was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slice {
    /// A part of a step.
    Part,
    /// A step.
    Step,
    /// The last step.
    Last,
}

/// How many of some training images are trained on: the others are held out.
pub(super) fn trained_on(images: usize) -> usize {
    images - HELD_OUT.min(images / 5)
}

impl Job {
    /// A run that has done nothing yet, in a session whose place has some cores and perhaps a GPU.
    pub fn new(run: bool, recipe: Recipe, settings: Settings, graph: Graph, session: &Session) -> Self {
        let tasks = tasks(&recipe, run, session.may_use_gpu(&recipe), session.learnt_from());
        let threads = team::hire(recipe.running.threads.min(session.environment.cores));
        let before = if run { session.held(&recipe) } else { Masks::default() };
        Self {
            run,
            state: State::new(graph, before.clone(), recipe.seed),
            recipe,
            settings,
            before,
            network: None,
            timeline: Vec::new(),
            curve: Vec::new(),
            after: Tally::default(),
            float: Tally::default(),
            started: clock::now_ms(),
            threads,
            tasks,
            at: 0,
            begun: false,
            done: 0,
            learning: Learning::default(),
            cutting: None,
            batches: Vec::new(),
            evidence: Calibrating::default(),
            statistics: Calibrating::default(),
            plans: Vec::new(),
            cold_ms: 0.0,
            uploaded: None,
            evaluators: Vec::new(),
            ranges: None,
            race: None,
            again: false,
            speed: None,
            gpu: GpuPart::default(),
            stashed: None,
            first: None,
        }
    }

    /// Does one slice of the current stage; whether all stages are done.
    ///
    /// # Errors
    /// When training diverges or a part does not apply.
    pub async fn slice(&mut self, session: &mut Session, events: &mut Vec<Event>) -> Result<bool> {
        if self.timeline.is_empty() {
            let n = session.test.as_ref().map_or(0, Dataset::len);
            self.timeline = self.tasks.iter().map(|task| stage(task, &self.recipe, n)).collect();
            events.push(Event::Timeline { phases: self.timeline.clone() });
        }
        if !std::mem::replace(&mut self.begun, true) {
            let Stage { label, kind, .. } = self.timeline[self.at].clone();
            events.push(Event::Phase { index: self.at, label, kind });
        }
        let task = self.tasks[self.at].clone();
        let whole = |over: bool| if over { Slice::Last } else { Slice::Step };
        let slice = match &task {
            Task::Phase(Phase::Early(train)) => self.early(session, train, events).await?,
            Task::Phase(Phase::Train(train)) => self.train(session, train, events).await?,
            Task::Before => whole(self.before(session, events).await?),
            Task::Phase(Phase::Reinit) => whole(self.reinit(session)?),
            Task::Phase(Phase::Rewind) => whole(self.rewind(session)?),
            Task::Phase(Phase::Prune { sparsity }) => whole(self.prune(session, *sparsity, events).await?),
            Task::Phase(Phase::Recalibrate { batches }) => whole(self.recalibrate(session, *batches, events).await?),
            Task::Compile => whole(self.compile(session, events).await?),
            Task::After => whole(self.test_pruned(session, events).await?),
            Task::Measure => whole(self.measure(session, events).await?),
            Task::Cross => whole(self.cross(session, events).await?),
        };
        self.done += usize::from(slice != Slice::Part);
        let over = slice == Slice::Last;
        let total = self.timeline[self.at].steps.max(self.done);
        events.push(Event::Progress { phase: self.at, done: if over { total } else { self.done }, total });
        if over {
            (self.at, self.done, self.begun) = (self.at + 1, 0, false);
        }
        Ok(self.at == self.tasks.len())
    }

    fn reinit(&mut self, session: &Session) -> Result<bool> {
        self.state.replace(session.network()?.0.build(self.recipe.seed)?)?;
        self.state.fresh = true;
        Ok(true)
    }

    fn rewind(&mut self, session: &Session) -> Result<bool> {
        self.state.replace(match &self.first {
            Some(first) => first.clone(),
            None => session.network()?.0.initial()?,
        })?;
        Ok(true)
    }

    /// Training images that are trained on, and those held out.
    fn split(&self, train: &Dataset) -> (Vec<usize>, Vec<usize>) {
        let mut order: Vec<usize> = (0..train.len()).collect();
        Rng::fork(0, "validation").shuffle(&mut order);
        let held = order.split_off(trained_on(train.len()));
        (order, held)
    }

    /// The training images that are looked at.
    fn picks(&self, train: &Dataset) -> Vec<usize> {
        let (mut picks, _) = self.split(train);
        Rng::fork(self.recipe.seed, "calibration").shuffle(&mut picks);
        picks.truncate(self.recipe.calibration);
        picks
    }

    /// The recipe's phases.
    pub(in crate::session) fn phases(&self) -> Vec<Phase> {
        let phase = |task: &Task| if let Task::Phase(phase) = task { Some(phase.clone()) } else { None };
        self.tasks.iter().filter_map(phase).collect()
    }

    /// The plan whose times count: the one with the number of threads that was fastest.
    pub(in crate::session) fn plan(&self) -> Option<&Plan> {
        let threads = self.speed.as_ref().map(|speed| speed.threads);
        self.plans.iter().find(|plan| Some(plan.threads) == threads).or(self.plans.last())
    }

    /// Answers do not depend on the kernels, so a quick choice will do for counting them.
    fn quick<'a>(&self, rules: &'a [GroupRule]) -> Options<'a> {
        Options { batch: CHUNK, threads: self.threads, rules, choose: Choose::Predict, ..Options::default() }
    }

    fn rules(&self) -> Vec<GroupRule> {
        let Some((n, m)) = self.recipe.choice.pattern.part.groups(&self.recipe.choice.pattern.args) else {
            return Vec::new();
        };
        self.state.graph.layers().map(|(_, weight)| GroupRule { weight, n, m }).collect()
    }
}
