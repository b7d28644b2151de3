//! One run, a slice at a time.

mod answers;
mod images;
mod time;
mod writing;

use std::cell::RefCell;

use crate::base::{Result, clock, team};
use crate::compile::{Choose, GroupRule, Options, Plan, Ranges};
use crate::data::Dataset;
use crate::graph::{Graph, Masks};
use crate::prune::phase::{Desk, Phase, Progress, Start};
use crate::prune::told::{Stage, Told};
use crate::prune::{Recipe, Settings};
use crate::train::State;
use crate::train::eval::Tally;

use images::Seen;
use writing::Writing;

use super::Session;
use super::compute::answering::Evaluator;
use super::compute::{Both, Sharing};
use super::event::Event;
use super::gpu::Uploaded;
use super::measure::Race;
use super::plan::{CHUNK, Leg, Own, legs, stage};
use super::record::{Found, Point, Shown, Speed, TrialRow};

/// A run under way.
#[derive(Debug)]
pub struct Job {
    /// What was asked for.
    pub(in crate::session) asked: Request,
    /// The network as far as it has come.
    pub(in crate::session) state: State,
    /// What was cut when it began.
    pub(in crate::session) before: Masks,
    /// When it began.
    pub(in crate::session) started: f64,
    /// Threads that plans share: those asked for, as far as there are as many.
    pub(in crate::session) threads: usize,
    /// The legs, and how far they were walked.
    pub(in crate::session) way: Way,
    pub(in crate::session) curve: Vec<Point>,
    pub(in crate::session) shown: Vec<Shown>,
    /// What a search tried.
    trials: Vec<TrialRow>,
    /// Who computes.
    pub(in crate::session) sharing: Sharing,
    /// The network that came of it, ready to run.
    pub(in crate::session) built: Built,
    pub(in crate::session) tested: Tested,
    pub(in crate::session) timed: Timed,
}

/// What a job was asked for.
#[derive(Debug)]
pub(in crate::session) struct Request {
    /// A run that prunes, not a measurement of the network as it is.
    pub run: bool,
    pub recipe: Recipe,
    pub settings: Settings,
}

/// The legs of a run, and how far they were walked.
#[derive(Debug)]
pub(in crate::session) struct Way {
    pub legs: Vec<Leg>,
    /// The same as a timeline; empty before the first slice.
    pub timeline: Vec<Stage>,
    at: usize,
    /// Whether the leg at hand was announced.
    begun: bool,
    /// Steps of it that are done.
    done: usize,
}

/// A network ready to run.
#[derive(Debug, Default)]
pub(in crate::session) struct Built {
    /// Without its channels, where channels were cut.
    pub network: Option<Graph>,
    /// Compiled for each number of threads that is tried.
    pub plans: Vec<Plan>,
    /// What its values lie between, where it runs on bytes.
    ranges: Option<Ranges>,
    /// On the GPU.
    pub uploaded: Option<Uploaded>,
    /// Time from the network to its first answers on the processor, in ms; 0 where there is no GPU to compare with.
    cold_ms: f64,
}

/// Answers to the test images.
#[derive(Debug, Default)]
pub(in crate::session) struct Tested {
    evaluators: Vec<Evaluator>,
    /// Of the network as it runs.
    pub after: Tally,
    /// In floats, where the plan is on bytes.
    pub float: Tally,
    writing: Option<Writing>,
}

/// The race of dense against pruned.
#[derive(Debug, Default)]
pub(in crate::session) struct Timed {
    race: Option<Race>,
    /// A first race gave what the arithmetic does not explain.
    again: bool,
    pub speed: Option<Speed>,
    images: Seen,
}

impl Job {
    /// A run that has done nothing yet, in a session whose place has some cores and perhaps a GPU.
    pub fn new(run: bool, recipe: Recipe, settings: Settings, graph: Graph, session: &Session) -> Self {
        let legs = legs(&recipe, run, session.around(&recipe));
        let before = if run { session.held(&recipe) } else { Masks::default() };
        Self {
            state: State::new(graph, before.clone(), recipe.seed),
            before,
            started: clock::now_ms(),
            threads: team::hire(recipe.running.threads.min(session.environment.cores)),
            asked: Request { run, recipe, settings },
            way: Way { legs, timeline: Vec::new(), at: 0, begun: false, done: 0 },
            curve: Vec::new(),
            shown: Vec::new(),
            trials: Vec::new(),
            sharing: Sharing::default(),
            built: Built::default(),
            tested: Tested::default(),
            timed: Timed::default(),
        }
    }

    /// Does one slice of the current stage; whether all stages are done.
    ///
    /// # Errors
    /// When training diverges or a part does not apply.
    pub async fn slice(&mut self, session: &mut Session, events: &mut Vec<Event>) -> Result<bool> {
        if self.way.timeline.is_empty() {
            let n = session.test.as_ref().map_or(0, Dataset::len);
            self.way.timeline = self.way.legs.iter().map(|leg| stage(leg, n)).collect();
            events.push(Event::Timeline { phases: self.way.timeline.clone() });
            let slow = session.slow_solver(&self.asked.recipe).filter(|_| self.asked.run);
            events.extend(slow.map(|message| Event::Note { level: "info", message }));
        }
        let at = self.way.at;
        if !std::mem::replace(&mut self.way.begun, true) {
            let Stage { label, kind, .. } = self.way.timeline[at].clone();
            events.push(Event::Phase { index: at, label, kind });
        }
        let own = if let Leg::Own(own) = self.way.legs[at] { Some(own) } else { None };
        let Progress { done, total } = match own {
            Some(own) => self.own(own, session, events).await?,
            None => self.phase(session, events).await?,
        };
        let over = done >= total;
        self.way.done = done;
        self.way.timeline[at].steps = total;
        events.push(Event::Progress { phase: at, done, total });
        if over {
            (self.way.at, self.way.done, self.way.begun) = (at + 1, 0, false);
        }
        Ok(self.way.at == self.way.legs.len())
    }

    /// A slice of what every run does.
    async fn own(&mut self, own: Own, session: &mut Session, events: &mut Vec<Event>) -> Result<Progress> {
        let over = match own {
            Own::Before => self.before(session, events).await?,
            Own::Compile => self.compile(session, events).await?,
            Own::After => self.test_pruned(session, events).await?,
            Own::Measure => self.measure(session, events).await?,
            Own::Write => self.write(session)?,
            Own::Images => self.images(session)?,
            Own::Cross => self.cross(session, events).await?,
        };
        let (done, total) = (self.way.done + 1, self.way.timeline[self.way.at].steps);
        // What is over before its time is shown as done; what takes longer than was foreseen is not shown as over.
        let total = if over { total.max(done) } else { total.max(done + 1) };
        Ok(Progress { done: if over { total } else { done }, total })
    }

    /// A slice of a phase of the recipe.
    async fn phase(&mut self, session: &mut Session, events: &mut Vec<Event>) -> Result<Progress> {
        let Leg::Phase(phase) = &mut self.way.legs[self.way.at] else { return Ok(Progress { done: 1, total: 1 }) };
        let (model, dense) =
            session.model.as_ref().map(|(model, graph)| (*model, graph)).ok_or_else(super::no_model)?;
        let (recipe, events) = (&self.asked.recipe, RefCell::new(events));
        let (gpu, sharing, threads) = (&mut session.gpu, &mut self.sharing, self.threads);
        let step = session.environment.timer_step_us / 1e3;
        let mut compute = Both { recipe, threads, step, gpu, sharing, events: &events };
        let (curve, shown, trials) = (&mut self.curve, &mut self.shown, &mut self.trials);
        let mut tell = |told: Told| {
            match &told {
                Told::Train { step, now } => {
                    curve.push(Point { step: *step, loss: now.loss, accuracy: now.accuracy });
                }
                Told::Back { steps } => {
                    curve.truncate(*steps);
                    shown.retain(|shown| shown.step <= *steps);
                }
                Told::Shown { step, histogram } => shown.push(Shown { step: *step, histogram: histogram.clone() }),
                Told::Tried { shares, ratio, low, high } => {
                    trials.push(TrialRow { shares: shares.clone(), ratio: *ratio, low: *low, high: *high });
                }
                _ => {}
            }
            events.borrow_mut().extend(Event::of(told));
        };
        let data = session.train.as_ref();
        let start = Start { model, dense };
        let mut desk = Desk { recipe, data, start, compute: &mut compute, tell: &mut tell };
        phase.step(&mut self.state, &mut desk).await
    }

    /// What a search found, if there was one.
    pub(in crate::session) fn found(&self) -> Option<Found> {
        Some(Found { shares: self.state.shares.clone()?, trials: self.trials.clone() })
    }

    /// The recipe's phases.
    pub(in crate::session) fn phases(&self) -> impl Iterator<Item = &dyn Phase> {
        self.way.legs.iter().filter_map(|leg| if let Leg::Phase(phase) = leg { Some(&**phase) } else { None })
    }

    /// The plan whose times count: the one with the number of threads that was fastest.
    pub(in crate::session) fn plan(&self) -> Option<&Plan> {
        self.built.plans.get(self.plan_at())
    }

    fn plan_at(&self) -> usize {
        let threads = self.timed.speed.as_ref().map(|speed| speed.threads);
        let plans = &self.built.plans;
        plans.iter().position(|plan| Some(plan.threads) == threads).unwrap_or(plans.len().saturating_sub(1))
    }

    /// Answers do not depend on the kernels, so a quick choice will do for counting them.
    fn quick<'a>(&self, rules: &'a [GroupRule]) -> Options<'a> {
        Options { batch: CHUNK, threads: self.threads, rules, choose: Choose::Predict, ..Options::default() }
    }

    fn rules(&self) -> Vec<GroupRule> {
        let Some((n, m)) = self.asked.recipe.choice.pattern.part.groups(&self.asked.recipe.choice.pattern.args) else {
            return Vec::new();
        };
        self.state.graph.layers().map(|(_, weight)| GroupRule { weight, n, m }).collect()
    }
}
