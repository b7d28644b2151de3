//! Training on the GPU: tried against the processor, used where it is faster, and left at any step without losing one.

use crate::base::{Flat, Result, Tensor, clock, tensor};
use crate::compile::{Choose, Options};
use crate::data::Dataset;
use crate::gpu::{Device, Executor, Learner, Precision};
use crate::graph::{Graph, Masks};
use crate::train::trainer::TrainStep;
use crate::train::{Loss, State};

use super::gpu::Lent;

/// Where training steps are done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Choice {
    /// Not decided yet.
    #[default]
    Open,
    Cpu,
    Gpu,
}

/// Steps that the processor does before the GPU is tried; the last of them is the one to beat.
const FIRST: usize = 2;
/// Images of the first trial: a GPU that takes longer for these than the processor for a whole batch has lost.
const FEW: usize = 2;
/// Steps of the GPU after which it must have shown that it is faster: the first pays for what is set up late.
const TRIALS: usize = 3;

/// A run's training, as far as a GPU has to do with it.
#[derive(Debug, Default)]
pub struct Learning {
    choice: Choice,
    learner: Option<Learner>,
    /// What the learner minimises.
    loss: Option<Loss>,
    teacher: Option<Executor>,
    /// The GPU's numbers are newer than the graph's.
    ahead: bool,
    /// Time of a warm step on the processor, and the least on the GPU, in ms.
    ms: [f64; 2],
    steps: usize,
    /// What the processor can go on from when the GPU is lost.
    safe: Option<Box<State>>,
}

impl Learning {
    /// Training that the processor does from here.
    pub fn on_cpu() -> Self {
        Self { choice: Choice::Cpu, ..Self::default() }
    }

    /// What to go on from without the GPU, if it has done anything since.
    pub fn safe(self) -> Option<State> {
        self.safe.filter(|_| self.ahead).map(|safe| *safe)
    }

    /// Notes how long a step took the processor.
    pub fn beat(&mut self, ms: f64) {
        self.ms[0] = ms;
    }

    /// Whether the next step is the GPU's: where it was asked for, or has not been found slower.
    ///
    /// # Errors
    /// When the GPU cannot train this network, or fails.
    pub async fn turn(&mut self, lent: &Lent, state: &mut State, data: &Dataset) -> Result<bool> {
        let Lent { device, forced, least_ms } = lent;
        let (forced, ms) = (*forced, self.ms[0]);
        if self.choice == Choice::Open && (forced || state.training()?.done() >= FIRST) {
            let lost = !forced && (*least_ms >= ms || Self::few(device, state, data).await? >= ms);
            self.choice = if lost { Choice::Cpu } else { Choice::Gpu };
        }
        if self.choice == Choice::Gpu && self.steps == TRIALS && !forced && self.ms[1] >= self.ms[0] {
            self.choice = Choice::Cpu;
        }
        Ok(self.choice == Choice::Gpu)
    }

    /// Milliseconds of a warm step on very few examples.
    async fn few(device: &Device, state: &mut State, data: &Dataset) -> Result<f64> {
        let picks: Vec<usize> = (0..FEW.min(data.len())).collect();
        let (x, labels) = (data.batch(&picks), data.labels(&picks));
        let (graph, masks, trainer) = state.parts()?;
        let loss = trainer.plan.loss;
        let mut learner = Learner::new(device.clone(), graph, masks, &trainer.optimizer, loss, picks.len()).await?;
        learner.step(&x, &labels, None, 0.0).await?;
        let start = clock::now_ms();
        learner.step(&x, &labels, None, 0.0).await?;
        Ok(clock::now_ms() - start)
    }

    /// One step on the GPU. The graph's numbers stay behind until [`Self::settle`].
    ///
    /// # Errors
    /// When the loss is not finite, or the GPU fails: [`Self::safe`] has what to go on from.
    pub async fn step(
        &mut self,
        device: &Device,
        state: &mut State,
        teacher: Option<&Graph>,
        (data, examples): (&Dataset, &[usize]),
    ) -> Result<TrainStep> {
        if !self.ahead {
            self.safe = Some(Box::new(state.clone()));
            self.upload(device, state, examples.len()).await?;
            self.ahead = true;
        }
        let trainer = state.training()?;
        let start = clock::now_ms();
        let (x, labels) = trainer.next_batch(data, examples);
        let taught = match teacher {
            Some(teacher) => Some(self.taught(device, teacher, &x).await?),
            None => None,
        };
        let Some(learner) = &mut self.learner else {
            return Err(crate::base::Error::state("training was not uploaded to the GPU"));
        };
        let learnt = learner.step(&x, &labels, taught.as_ref(), trainer.rate()).await?;
        let ms = clock::now_ms() - start;
        self.ms[1] = if self.steps <= 1 { ms } else { self.ms[1].min(ms) };
        self.steps += 1;
        Ok(trainer.count(learnt.loss, learnt.accuracy))
    }

    async fn upload(&mut self, device: &Device, state: &mut State, examples: usize) -> Result<()> {
        let (graph, masks, trainer) = state.parts()?;
        let (batch, loss) = (trainer.plan.batch.min(examples), trainer.plan.loss);
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

#[cfg(all(test, feature = "gpu"))]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::data::augment::Augment;
    use crate::data::{self, idx};
    use crate::session::gpu::tests::device;
    use crate::train::lr::Rate;
    use crate::train::optim::Optimizer;
    use crate::train::{Loss, TrainPlan, Trainer};
    use crate::zoo;

    #[test]
    fn whoever_is_faster_trains() -> Result<()> {
        let Some(device) = device() else { return Ok(()) };
        let model = zoo::find("lenet-300-100")?;
        let graph = model.build(1)?;
        let labels = [0, 1, 2, 3];
        let images = idx::write(&[4, 28, 28], &[9; 4 * 784]);
        let data = Dataset::read(data::find(model.data)?, &images, &idx::write(&[4], &labels))?;
        let (rate, loss) = (Rate::cosine(0.1, 0), Loss::CROSS_ENTROPY);
        let plan = TrainPlan { steps: 9, batch: 4, rate, loss, augment: Augment::default(), seed: 1 };
        let mut state = State::new(graph, Masks::default(), 1);
        state.trainer = Some(Trainer::new(plan, Optimizer::sgd(0.9, 0.0)));
        let turn = |learning: &mut Learning, state: &mut State, least_ms: f64| {
            let lent = Lent { device: device.clone(), forced: false, least_ms };
            block_on(learning.turn(&lent, state, &data))
        };
        assert!(!turn(&mut Learning::default(), &mut state, 0.0)?, "the processor begins");
        for _ in 0..FIRST {
            state.training()?.count(0.0, 0.0);
        }
        // The processor needs forever, no time at all, and less than the GPU did for fewer.
        for (ms, least_ms, gpu) in [(1e9, 0.0, true), (0.0, 0.0, false), (1e9, 2e9, false)] {
            let mut learning = Learning::default();
            learning.beat(ms);
            assert_eq!(turn(&mut learning, &mut state, least_ms)?, gpu, "{ms} ms");
        }
        // After its first steps it must have been faster.
        for (ms, gpu) in [([2.0, 1.0], true), ([1.0, 2.0], false)] {
            let mut learning = Learning { choice: Choice::Gpu, steps: TRIALS, ms, ..Learning::default() };
            assert_eq!(turn(&mut learning, &mut state, 0.0)?, gpu, "{ms:?} ms");
        }
        Ok(())
    }
}
