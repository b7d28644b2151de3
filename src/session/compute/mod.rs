//! Who computes a run: the processor, and a GPU where one was tried, checked and found faster. A GPU that fails is left, and nothing
//! of what it did since the state was last sure remains.

pub mod answering;
mod learning;
mod looking;
mod trial;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use crate::base::error::ErrorKind;
use crate::base::{Error, Result, Tensor, clock};
use crate::compile::{Choose, Options, Plan, compile};
use crate::graph::{Graph, Masks};
use crate::prune::Recipe;
use crate::prune::phase::{Compute, Looked, Looking, Purpose, Soon, Stepped, Timed, layer_times};
use crate::prune::running::Running;
use crate::train::State;
use crate::train::hook::{Going, Hook};
use crate::train::state::Hold;
use crate::train::step::{Stepping, due};
use crate::train::trainer::Lesson;

use super::event::Event;
use super::gpu::Gpu;
use super::measure::{Runner, duel};
use super::plan::CHUNK;
use learning::Learning;
use looking::Calibrating;

/// What a run knows of who computes, from slice to slice.
#[derive(Debug, Default)]
pub struct Sharing {
    learning: Learning,
    evidence: Calibrating,
    norms: Calibrating,
    /// A step that the processor is at, and for how long, in ms.
    stepping: Option<(Stepping, f64)>,
    /// The network whose answers were asked for last.
    plan: Option<Plan>,
    /// What the GPU took part in, calibration aside: `timing`, `answers`, `training`.
    took: BTreeSet<&'static str>,
    /// Why it was left, if it was.
    left: Vec<String>,
}

impl Sharing {
    /// Takes note of what the GPU took part in.
    pub fn took_part(&mut self, what: &'static str) {
        self.took.insert(what);
    }

    /// What the GPU took part in.
    pub fn took(&self) -> BTreeSet<&'static str> {
        let mut took = self.took.clone();
        if self.evidence.counted() || self.norms.counted() {
            took.insert("calibration");
        }
        took
    }

    /// Why it was left.
    pub fn left(&self) -> &[String] {
        &self.left
    }

    /// Goes on without the GPU after an error, and says so.
    pub fn leave(&mut self, gpu: &mut Gpu, error: &Error, events: &mut Vec<Event>) {
        let message = gpu.give_up(error);
        events.push(Event::Note { level: "warn", message: message.clone() });
        self.left.push(message);
    }
}

/// Both executors at work on one slice of a run.
pub struct Both<'a, 'e> {
    /// What was asked for.
    pub recipe: &'a Recipe,
    /// Threads of the processor.
    pub threads: usize,
    /// The clock's step, in ms.
    pub step: f64,
    /// The GPU, if there is one.
    pub gpu: &'a mut Gpu,
    /// What the run knows of either.
    pub sharing: &'a mut Sharing,
    /// Who hears of a GPU that fails.
    pub events: &'a RefCell<&'e mut Vec<Event>>,
}

/// Turns of a race of two networks.
const TURNS: usize = 31;

impl Both<'_, '_> {
    /// How networks are compiled whose times count.
    fn measured(&self, choose: Choose) -> Options<'static> {
        let Running { batch, threads, .. } = self.recipe.running;
        Options { batch, threads: threads.min(self.threads), choose, ..Options::default() }
    }

    fn leave(&mut self, error: &Error) {
        self.sharing.leave(self.gpu, error, &mut self.events.borrow_mut());
    }

    async fn see(&mut self, graph: &Graph, looking: Looking<'_>) -> Result<Looked> {
        let lent = self.gpu.lend(self.recipe, looking.batch.1.len());
        let passes = match looking.purpose {
            Purpose::Evidence => &mut self.sharing.evidence,
            Purpose::Norms => &mut self.sharing.norms,
        };
        match passes.look(lent, graph, looking).await? {
            Ok(looked) => Ok(looked),
            Err(error) => {
                self.leave(&error);
                Ok(Looked::Anew)
            }
        }
    }

    async fn train(&mut self, state: &mut State, lesson: &Lesson<'_>, hooks: &[Rc<dyn Hook>]) -> Result<Stepped> {
        if self.sharing.stepping.is_some() {
            return self.part(state, lesson, hooks);
        }
        // What acts inside a step acts on the processor.
        let plain = !due(state, hooks)?.acts && state.hold == Hold::Zero;
        let batch = state.training()?.plan.batch;
        let learning = &mut self.sharing.learning;
        let done = match self.gpu.lend(self.recipe, batch).filter(|_| plain) {
            Some(lent) => learning.step(&lent, state, lesson).await,
            None => learning.settle(state).await.map(|()| None),
        };
        match done {
            Ok(Some(now)) => {
                self.sharing.took_part("training");
                Ok(Stepped::Done(now, Going::On))
            }
            Ok(None) => self.part(state, lesson, hooks),
            Err(error) => {
                self.resume(&error, state);
                Ok(Stepped::Again)
            }
        }
    }

    /// One slice of a step on the processor.
    fn part(&mut self, state: &mut State, lesson: &Lesson<'_>, hooks: &[Rc<dyn Hook>]) -> Result<Stepped> {
        let start = clock::now_ms();
        let (mut stepping, before) = match self.sharing.stepping.take() {
            Some(under_way) => under_way,
            None => (Stepping::new(state, lesson, hooks)?, 0.0),
        };
        let done = stepping.step(state, lesson, hooks)?;
        let ms = before + clock::now_ms() - start;
        Ok(match done {
            Some((now, flow)) => {
                self.sharing.learning.cpu_did(state, lesson, ms)?;
                Stepped::Done(now, flow)
            }
            None => {
                self.sharing.stepping = Some((stepping, ms));
                Stepped::Part
            }
        })
    }

    /// Goes back to where the GPU took over, and on from there without it.
    fn resume(&mut self, error: &Error, state: &mut State) {
        let learning = std::mem::replace(&mut self.sharing.learning, Learning::on_cpu());
        match error.kind {
            // A loss that is not finite need not be the GPU's fault: the processor will see.
            ErrorKind::Diverged => {
                let left = format!("The GPU's {}: the processor did those steps again.", error.message);
                self.sharing.left.push(left);
            }
            _ => self.leave(error),
        }
        if let Some(safe) = learning.safe() {
            *state = safe;
        }
    }
}

impl Compute for Both<'_, '_> {
    fn look<'a>(&'a mut self, graph: &'a Graph, looking: Looking<'a>) -> Soon<'a, Looked> {
        Box::pin(self.see(graph, looking))
    }

    fn step<'a>(
        &'a mut self,
        state: &'a mut State,
        lesson: Lesson<'a>,
        hooks: &'a [Rc<dyn Hook>],
    ) -> Soon<'a, Stepped> {
        Box::pin(async move { self.train(state, &lesson, hooks).await })
    }

    fn settle<'a>(&'a mut self, state: &'a mut State) -> Soon<'a, bool> {
        Box::pin(async move {
            let settled = self.sharing.learning.settle(state).await;
            if let Err(error) = &settled {
                self.resume(error, state);
            }
            Ok(settled.is_ok())
        })
    }

    fn answers<'a>(&'a mut self, state: &'a State, x: &'a Tensor, first: bool) -> Soon<'a, Tensor> {
        Box::pin(async move {
            let plan = match self.sharing.plan.take().filter(|_| !first) {
                Some(plan) => plan,
                None => {
                    let (threads, choose) = (self.threads, Choose::Predict);
                    let options = Options { batch: CHUNK, threads, choose, ..Options::default() };
                    compile(&state.graph, &state.masks, &options)?
                }
            };
            self.sharing.plan.insert(plan).answers(x)
        })
    }

    fn layers<'a>(&'a mut self, graph: &'a Graph, masks: &'a Masks) -> Soon<'a, Vec<(String, f64)>> {
        Box::pin(async move { layer_times(graph, masks, &self.measured(Choose::Measure)) })
    }

    fn race<'a>(&'a mut self, dense: &'a Graph, (graph, masks): (&'a Graph, &'a Masks)) -> Soon<'a, Timed> {
        Box::pin(async move {
            let whole = Masks::default();
            let mut plans = [
                compile(dense, &whole, &self.measured(Choose::Dense))?,
                compile(graph, masks, &self.measured(Choose::Measure))?,
            ];
            let shape = &dense.values[dense.input()].shape;
            let x = vec![0.5; self.recipe.running.batch * shape[1..].iter().product::<usize>()];
            let [over, under] = &mut plans;
            let (ratio, interval) = duel([Runner::Cpu(over), Runner::Cpu(under)], &x, self.step, TURNS).await?;
            Ok(Timed { ratio, low: interval.low, high: interval.high })
        })
    }
}
