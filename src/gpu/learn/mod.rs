//! Fine-tuning on the GPU: forward, loss, backward and optimizer in one submission, and one readback a step.
//!
//! What a step does is what [`crate::train::Trainer`] does, number for number but for the order of sums. Parameters stay on
//! the GPU from step to step; [`Learner::pull`] and [`Learner::push`] are how the processor gets at them.

mod calibrate;
mod layers;
mod norm;
mod rules;
mod store;
mod tape;
mod walk;
mod wgsl;

use crate::base::{Error, Flat, Result, Tensor, tensor};
use crate::graph::{Graph, Masks};
use crate::train::Loss;
use crate::train::eval::Tally;
use crate::train::loss::LossTarget;
use crate::train::optim::{Optimizer, UpdateRule};
use crate::train::trainer::diverged;

use super::device::{Call, Device, DeviceBuffer};
pub use calibrate::Calibrator;
use store::ParameterStore;
use tape::{Norms, Tape};

/// Numbers that change from step to step, at most.
const RATES: usize = 8;

/// What one step gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Learnt {
    /// Mean loss of the batch before the step.
    pub loss: f64,
    /// Share of right answers in the batch.
    pub accuracy: f64,
}

/// A network that is trained on the GPU, with its optimizer.
#[derive(Clone, Debug)]
pub struct Learner {
    device: Device,
    store: ParameterStore,
    calls: Vec<Call>,
    loss: Loss,
    rule: UpdateRule,
    decay: f32,
    steps: i32,
    /// Shape of a batch of examples, and of its answers.
    shapes: [Vec<usize>; 2],
    input: DeviceBuffer,
    answers: DeviceBuffer,
    labels: DeviceBuffer,
    teacher: DeviceBuffer,
    rates: DeviceBuffer,
}

impl Learner {
    /// Uploads a network, its masks and the optimizer's state, for batches of `batch` examples.
    ///
    /// # Errors
    /// When the network has an operator that no kernel here trains, or the GPU refuses: the processor can go on.
    pub async fn new(
        device: Device,
        graph: &Graph,
        masks: &Masks,
        optimizer: &Optimizer,
        loss: Loss,
        batch: usize,
    ) -> Result<Self> {
        let mut store = ParameterStore::new(&device, graph)?;
        let mut tape = Tape::new(&device, graph, batch, &store, Norms::Moving)?;
        let shapes = [tape.shape(graph.input()), tape.shape(graph.output())];
        let (labels, teacher) = (device.room(batch + 1)?, device.room(tensor::count(&shapes[1]))?);
        let rates = device.room(RATES)?;
        tape.forward()?;
        tape.loss(&loss, &labels, &teacher)?;
        tape.backward()?;
        tape.update(optimizer.rule, &rates)?;
        let (input, answers) = (tape.value(graph.input())?, tape.value(graph.output())?);
        let Tape { calls, reached, .. } = tape;
        store.move_only(reached);
        let (rule, decay) = (optimizer.rule, optimizer.decay);
        let mut learner =
            Self { device, store, calls, loss, rule, decay, steps: 0, shapes, input, answers, labels, teacher, rates };
        learner.push(graph, masks, optimizer)?;
        learner.device.settled().await?;
        Ok(learner)
    }

    /// One training step on examples [N, ...] and their labels, with a teacher's answers [N, classes] if there is one.
    ///
    /// # Errors
    /// When the batch is not of the size that was asked for, the loss is not finite, or the GPU fails. A step whose loss is not
    /// finite has moved the parameters all the same.
    pub async fn step(&mut self, x: &Tensor, labels: &[usize], teacher: Option<&Tensor>, rate: f32) -> Result<Learnt> {
        let [input, answers] = &self.shapes;
        if x.shape() != input.as_slice() {
            return Err(Error::shape("batch of examples", input, x.shape()));
        }
        if let Some(teacher) = teacher.filter(|teacher| teacher.shape() != answers.as_slice()) {
            return Err(Error::shape("answers of a teacher", answers, teacher.shape()));
        }
        let target = LossTarget { labels, teacher };
        target.check(answers[0], answers[1])?;
        self.device.write(&self.input, x.flat());
        let taught = teacher.filter(|_| self.loss.distil.is_some());
        let table: Vec<u32> = labels.iter().map(|&n| n as u32).chain([u32::from(taught.is_some())]).collect();
        self.device.write(&self.labels, &table);
        if let Some(teacher) = taught {
            self.device.write(&self.teacher, teacher.flat());
        }
        self.device.write(&self.rates, &self.numbers(rate));
        let found = self.device.run(&self.calls, &self.answers, tensor::count(answers)).await?;
        let found = tensor::from_vec(answers, found)?;
        self.steps += 1;
        self.store.stepped();
        let (loss, _) = self.loss.at(&found, &target)?;
        if !loss.is_finite() {
            return Err(diverged(self.steps as usize - 1, loss));
        }
        let mut tally = Tally::default();
        tally.add(&found, labels);
        Ok(Learnt { loss, accuracy: tally.accuracy() })
    }

    /// What the optimizer's kernel reads in the next step.
    fn numbers(&self, rate: f32) -> [f32; RATES] {
        match self.rule {
            UpdateRule::Sgd { momentum, dampening, nesterov } => {
                let ahead = if nesterov { 1.0 } else { 0.0 };
                [rate, self.decay, momentum, 1.0 - dampening, ahead, 0.0, 0.0, 0.0]
            }
            UpdateRule::Adam { betas: [a, b], epsilon, decoupled } => {
                let correct = |beta| 1.0 - libm::powf(beta, (self.steps + 1) as f32);
                let apart = if decoupled { 1.0 } else { 0.0 };
                [rate, self.decay, a, b, epsilon, apart, correct(a), correct(b)]
            }
        }
    }

    /// Downloads parameters, running statistics and the optimizer's state, so that the processor can go on from here.
    ///
    /// # Errors
    /// When the network is not the one that was uploaded, or the GPU fails.
    pub async fn pull(&self, graph: &mut Graph, optimizer: &mut Optimizer) -> Result<()> {
        self.store.pull(graph, optimizer, self.steps).await
    }

    /// Uploads parameters, statistics, masks and the optimizer's state anew, after the processor changed them.
    ///
    /// # Errors
    /// When a parameter or the optimizer's rule is not of the kind that was uploaded first.
    pub fn push(&mut self, graph: &Graph, masks: &Masks, optimizer: &Optimizer) -> Result<()> {
        if std::mem::discriminant(&self.rule) != std::mem::discriminant(&optimizer.rule) {
            return Err(Error::state("the optimizer is another one than was uploaded").hint("upload the network anew"));
        }
        self.store.push(graph, masks, optimizer)?;
        (self.rule, self.decay, self.steps) = (optimizer.rule, optimizer.decay, optimizer.steps());
        Ok(())
    }

    /// Dispatches of a step.
    pub fn dispatches(&self) -> usize {
        self.calls.len()
    }
}
