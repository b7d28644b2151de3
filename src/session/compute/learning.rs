//! Training on the GPU: tried against the processor, used where it is faster, and left at any step without losing one.

use crate::base::{Error, Flat, Result, Tensor, clock, tensor};
use crate::compile::{Choose, Options};
use crate::gpu::{Device, Executor, Learner, Precision};
use crate::graph::{Graph, Masks};
use crate::session::gpu::Lent;
use crate::train::trainer::{Lesson, TrainStep};
use crate::train::{Loss, State};

use super::trial::{FEW, Trial, Turn};

/// A run's training, as far as a GPU has to do with it.
#[derive(Debug, Default)]
pub struct Learning {
    trial: Trial,
    learner: Option<Learner>,
    /// What the learner minimises.
    loss: Option<Loss>,
    teacher: Option<Executor>,
    /// The GPU's numbers are newer than the graph's.
    ahead: bool,
    /// What the processor can go on from when the GPU is lost.
    safe: Option<Box<State>>,
}

impl Learning {
    /// Training that the processor does from here.
    pub fn on_cpu() -> Self {
        Self { trial: Trial::on_cpu(), ..Self::default() }
    }

    /// What to go on from without the GPU, if it has done anything since.
    pub fn safe(self) -> Option<State> {
        self.safe.filter(|_| self.ahead).map(|safe| *safe)
    }

    /// Takes note of how long a step took the processor.
    pub fn cpu_did(&mut self, state: &mut State, lesson: &Lesson, ms: f64) -> Result<()> {
        let size = state.training()?.plan.batch.min(lesson.examples.len());
        self.trial.cpu_did(size, ms);
        Ok(())
    }

    /// One step on the GPU, if it is its turn. The graph's numbers stay behind until [`Self::settle`].
    ///
    /// # Errors
    /// When the GPU cannot train this network, the loss is not finite, or the GPU fails: [`Self::safe`] has what to go on from.
    pub async fn step(&mut self, lent: &Lent, state: &mut State, lesson: &Lesson<'_>) -> Result<Option<TrainStep>> {
        let size = state.training()?.plan.batch.min(lesson.examples.len());
        let mut turn = self.trial.turn(size, lent.forced, lent.least_ms);
        if turn == Turn::Few {
            self.trial.few(few(&lent.device, state, lesson).await?);
            turn = self.trial.turn(size, lent.forced, lent.least_ms);
        }
        if turn == Turn::Cpu {
            self.settle(state).await?;
            return Ok(None);
        }
        if !self.ahead {
            self.safe = Some(Box::new(state.clone()));
            self.upload(&lent.device, state, size).await?;
            self.ahead = true;
        }
        let trainer = state.training()?;
        let start = clock::now_ms();
        let (x, labels) = trainer.next_batch(lesson.data, lesson.examples);
        let taught = match lesson.teacher {
            Some(teacher) => Some(self.taught(&lent.device, teacher, &x).await?),
            None => None,
        };
        let Some(learner) = &mut self.learner else {
            return Err(Error::state("training was not uploaded to the GPU"));
        };
        let learnt = learner.step(&x, &labels, taught.as_ref(), trainer.rate()).await?;
        self.trial.gpu_did(size, clock::now_ms() - start);
        Ok(Some(trainer.count(learnt.loss, learnt.accuracy)))
    }

    async fn upload(&mut self, device: &Device, state: &mut State, batch: usize) -> Result<()> {
        let (graph, masks, trainer) = state.parts()?;
        let loss = trainer.plan.loss;
        if let (Some(learner), true) = (&mut self.learner, self.loss == Some(loss)) {
            return learner.push(graph, masks, &trainer.optimizer);
        }
        self.learner = Some(Learner::new(device.clone(), graph, masks, &trainer.optimizer, loss, batch).await?);
        self.loss = Some(loss);
        Ok(())
    }

    /// A teacher's answers to a batch.
    async fn taught(&mut self, device: &Device, teacher: &Graph, x: &Tensor) -> Result<Tensor> {
        let batch = x.shape()[0];
        let executor = match &mut self.teacher {
            Some(executor) => executor,
            none => {
                let options = Options { batch, choose: Choose::Predict, ..Options::default() };
                let network = (teacher, &Masks::default());
                none.insert(Executor::new(device.clone(), network, &options, Precision::Single).await?)
            }
        };
        let answers = executor.run(x.flat()).await?;
        tensor::from_vec(&[batch, answers.len() / batch.max(1)], answers)
    }

    /// Brings the graph and the optimizer up to date with the GPU.
    ///
    /// # Errors
    /// When the GPU fails: [`Self::safe`] has what to go on from.
    pub async fn settle(&mut self, state: &mut State) -> Result<()> {
        if let (true, Some(learner)) = (self.ahead, &self.learner) {
            let (graph, _, trainer) = state.parts()?;
            learner.pull(graph, &mut trainer.optimizer).await?;
            self.ahead = false;
        }
        Ok(())
    }
}

/// Milliseconds of a warm step on very few examples.
async fn few(device: &Device, state: &mut State, lesson: &Lesson<'_>) -> Result<f64> {
    let picks = &lesson.examples[..FEW.min(lesson.examples.len())];
    let (x, labels) = lesson.data.labelled(picks);
    let (graph, masks, trainer) = state.parts()?;
    let loss = trainer.plan.loss;
    let mut learner = Learner::new(device.clone(), graph, masks, &trainer.optimizer, loss, picks.len()).await?;
    learner.step(&x, &labels, None, 0.0).await?;
    let start = clock::now_ms();
    learner.step(&x, &labels, None, 0.0).await?;
    Ok(clock::now_ms() - start)
}
