//! Training on the GPU: tried against the processor, used where it is faster, and left at any step without losing one.

use crate::base::{Flat, Result, Tensor, clock, tensor};
use crate::compile::{Choose, Options};
use crate::data::Dataset;
use crate::gpu::{Device, Executor, Learner, Precision};
use crate::graph::{Graph, Masks};
use crate::train::trainer::Step;
use crate::train::{Loss, Trainer};

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
    safe: Option<Box<Safe>>,
}

/// What the processor can go on from when the GPU is lost.
#[derive(Debug)]
pub struct Safe {
    /// The trainer with its optimizer, as it was.
    pub trainer: Trainer,
    /// The network as it was.
    pub graph: Graph,
}

impl Learning {
    /// Training that the processor does from here.
    pub fn on_cpu() -> Self {
        Self { choice: Choice::Cpu, ..Self::default() }
    }

    /// What to go on from without the GPU, if it has done anything since.
    pub fn safe(self) -> Option<Safe> {
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
    pub async fn turn(
        &mut self,
        Lent { device, forced, least_ms }: &Lent,
        network: (&Graph, &Masks),
        trainer: &Trainer,
        data: &Dataset,
    ) -> Result<bool> {
        let (forced, ms) = (*forced, self.ms[0]);
        if self.choice == Choice::Open && (forced || trainer.done() >= FIRST) {
            let lost = !forced && (*least_ms >= ms || Self::few(device, network, trainer, data).await? >= ms);
            self.choice = if lost { Choice::Cpu } else { Choice::Gpu };
        }
        if self.choice == Choice::Gpu && self.steps == TRIALS && !forced && self.ms[1] >= self.ms[0] {
            self.choice = Choice::Cpu;
        }
        Ok(self.choice == Choice::Gpu)
    }

    /// Milliseconds of a warm step on very few examples.
    async fn few(device: &Device, (graph, masks): (&Graph, &Masks), trainer: &Trainer, data: &Dataset) -> Result<f64> {
        let picks: Vec<usize> = (0..FEW.min(data.len())).collect();
        let (x, labels) = (data.batch(&picks), data.labels(&picks));
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
        (graph, masks): (&Graph, &Masks),
        teacher: Option<&Graph>,
        trainer: &mut Trainer,
        (data, examples): (&Dataset, &[usize]),
    ) -> Result<Step> {
        if !self.ahead {
            self.safe = Some(Box::new(Safe { trainer: trainer.clone(), graph: graph.clone() }));
            self.upload(device, (graph, masks), trainer, examples.len()).await?;
            self.ahead = true;
        }
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

    async fn upload(
        &mut self,
        device: &Device,
        (graph, masks): (&Graph, &Masks),
        trainer: &Trainer,
        examples: usize,
    ) -> Result<()> {
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
    pub async fn settle(&mut self, graph: &mut Graph, trainer: &mut Trainer) -> Result<()> {
        if let (true, Some(learner)) = (self.ahead, &self.learner) {
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
    use crate::train::{Loss, Plan};
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
        let plan = Plan { steps: 9, batch: 4, rate, loss, augment: Augment::default(), seed: 1 };
        let mut trainer = Trainer::new(plan, Optimizer::sgd(0.9, 0.0));
        let turn = |learning: &mut Learning, trainer: &Trainer, least_ms: f64| {
            let lent = Lent { device: device.clone(), forced: false, least_ms };
            block_on(learning.turn(&lent, (&graph, &Masks::default()), trainer, &data))
        };
        assert!(!turn(&mut Learning::default(), &trainer, 0.0)?, "the processor begins");
        for _ in 0..FIRST {
            trainer.count(0.0, 0.0);
        }
        // The processor needs forever, no time at all, and less than the GPU did for fewer.
        for (ms, least_ms, gpu) in [(1e9, 0.0, true), (0.0, 0.0, false), (1e9, 2e9, false)] {
            let mut learning = Learning::default();
            learning.beat(ms);
            assert_eq!(turn(&mut learning, &trainer, least_ms)?, gpu, "{ms} ms");
        }
        // After its first steps it must have been faster.
        for (ms, gpu) in [([2.0, 1.0], true), ([1.0, 2.0], false)] {
            let mut learning = Learning { choice: Choice::Gpu, steps: TRIALS, ms, ..Learning::default() };
            assert_eq!(turn(&mut learning, &trainer, 0.0)?, gpu, "{ms:?} ms");
        }
        Ok(())
    }
}
