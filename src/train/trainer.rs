//! The training loop, one step at a time, so that a page can do something between steps.

use crate::base::error::ErrorKind;
use crate::base::{Error, Result, Rng, Tensor};
use crate::data::{Dataset, augment::Augment};
use crate::graph::op::Mode;
use crate::graph::run::Overlay;
use crate::graph::{Graph, Masks};

use super::exercise::{Exercise, Press, unpressed};
use super::grad::Learned;
use super::loss::Loss;
use super::lr::Rate;
use super::optim::Optimizer;

/// What to do in a training run.
#[derive(Clone, Debug)]
pub struct TrainPlan {
    /// Steps in all.
    pub steps: usize,
    /// Examples in a batch.
    pub batch: usize,
    /// Learning rate.
    pub rate: Rate,
    /// What to minimise.
    pub loss: Loss,
    /// How images are varied.
    pub augment: Augment,
    /// Seed of order, augmentation and dropout.
    pub seed: u64,
}

/// What a training learns from.
#[derive(Clone, Copy, Debug)]
pub struct Lesson<'a> {
    /// The examples.
    pub data: &'a Dataset,
    /// Those of them that are trained on.
    pub examples: &'a [usize],
    /// The network whose answers the loss looks at too, where it does.
    pub teacher: Option<&'a Graph>,
}

/// What one step gave.
#[derive(Clone, Copy, Debug)]
pub struct TrainStep {
    /// Number of the step, from 0.
    pub index: usize,
    /// Mean loss of the batch before the step.
    pub loss: f64,
    /// Share of right answers in the batch.
    pub accuracy: f64,
    /// Learning rate of the step.
    pub rate: f32,
}

/// The error of a loss that is not finite.
pub fn diverged(step: usize, loss: f64) -> Error {
    Error::new(ErrorKind::Diverged, format!("training diverged at step {step}: the loss is {loss}"))
        .hint("lower the learning rate (recovery.lr), or raise the batch size")
}

/// A training run under way.
#[derive(Clone, Debug)]
pub struct Trainer {
    /// What to do.
    pub plan: TrainPlan,
    /// The optimizer with its state.
    pub optimizer: Optimizer,
    order: Vec<usize>,
    shuffle: Rng,
    vary: Rng,
    done: usize,
}

impl Trainer {
    /// A run from the start.
    pub fn new(plan: TrainPlan, optimizer: Optimizer) -> Self {
        let (shuffle, vary) = (Rng::fork(plan.seed, "order"), Rng::fork(plan.seed, "augment"));
        Self { plan, optimizer, order: Vec::new(), shuffle, vary, done: 0 }
    }

    /// Steps done.
    pub fn done(&self) -> usize {
        self.done
    }

    /// Whether all steps are done.
    pub fn finished(&self) -> bool {
        self.done >= self.plan.steps
    }

    /// The next batch: every example once before any comes twice.
    pub fn next_batch(&mut self, data: &Dataset, examples: &[usize]) -> (Tensor, Vec<usize>) {
        let mut picks = Vec::with_capacity(self.plan.batch);
        while picks.len() < self.plan.batch.min(examples.len()) {
            if self.order.is_empty() {
                self.order = examples.to_vec();
                self.shuffle.shuffle(&mut self.order);
            }
            picks.extend(self.order.pop());
        }
        let mut x = data.batch(&picks);
        self.plan.augment.apply(&mut x, &mut self.vary);
        (x, data.labels(&picks))
    }

    /// Begins to learn from the next batch, with the network's parameters seen as `see` says.
    ///
    /// # Errors
    /// When the examples do not fit the network.
    pub fn exercise(&mut self, graph: &Graph, see: Overlay, lesson: &Lesson) -> Result<Exercise> {
        let batch = self.next_batch(lesson.data, lesson.examples);
        let mode = Mode::train(self.plan.seed.wrapping_add((self.done as u64) << 20));
        Exercise::new(graph, see, lesson.teacher, batch, mode)
    }

    /// One slice of an exercise; see [`Exercise::step`].
    ///
    /// # Errors
    /// When the loss is not finite; the message says at which step.
    pub fn practise(
        &self,
        exercise: &mut Exercise,
        graph: &Graph,
        masks: &Masks,
        lesson: &Lesson,
        press: Press,
    ) -> Result<Option<(Learned, f64)>> {
        match exercise.step(graph, lesson.teacher, &self.plan.loss, masks, press)? {
            Some((learned, _)) if !learned.loss.is_finite() => Err(diverged(self.done, learned.loss)),
            done => Ok(done),
        }
    }

    /// One step: batch, gradients, move, running statistics.
    ///
    /// # Errors
    /// When the loss is not finite.
    pub fn step(&mut self, graph: &mut Graph, masks: &Masks, lesson: &Lesson) -> Result<TrainStep> {
        let mut exercise = self.exercise(graph, Overlay::new(), lesson)?;
        loop {
            if let Some((learned, accuracy)) = self.practise(&mut exercise, graph, masks, lesson, &mut unpressed)? {
                self.apply(graph, masks, &learned)?;
                return Ok(self.count(learned.loss, accuracy));
            }
        }
    }

    /// Moves the weights by what an exercise gave, and takes over running statistics.
    ///
    /// # Errors
    /// When a trained value carries no numbers.
    pub fn apply(&mut self, graph: &mut Graph, masks: &Masks, learned: &Learned) -> Result<()> {
        self.optimizer.step(graph, &learned.grads, masks, self.rate())?;
        for (id, data) in &learned.trace.updates {
            graph.data_mut(*id)?.assign(data);
        }
        Ok(())
    }

    /// The learning rate of the next step.
    pub fn rate(&self) -> f32 {
        self.plan.rate.at(self.done, self.plan.steps)
    }

    /// Counts a step as done, which something else may have done.
    pub fn count(&mut self, loss: f64, accuracy: f64) -> TrainStep {
        let step = TrainStep { index: self.done, loss, accuracy, rate: self.rate() };
        self.done += 1;
        step
    }
}
