//! Answers to many images, a chunk at a time, from whichever executor gets through them faster.

use crate::base::{Error, Flat, Result, Tensor, clock, tensor};
use crate::compile::{Options, Plan, compile};
use crate::gpu::{Executor, Precision};
use crate::graph::{Graph, Masks};

use crate::session::gpu::{Lent, agree};

use super::trial::{FEW, Trial, Turn};

/// A network that answers.
#[derive(Debug)]
pub struct Evaluator {
    plan: Plan,
    gpu: Option<(Executor, Lent)>,
    /// What the GPU computes with.
    precision: Precision,
    trial: Trial,
    counted: bool,
}

impl Evaluator {
    /// A network compiled for chunks of `options.batch` images, on the processor and, where one is lent, on the GPU.
    /// Answers do not depend on the kernels, so a quick choice of these will do.
    ///
    /// # Errors
    /// When an operator does not take its inputs. A GPU that cannot run the network is left out.
    pub async fn new(
        network: (&Graph, &Masks),
        options: &Options<'_>,
        lent: Option<Lent>,
        precision: Precision,
    ) -> Result<Self> {
        let plan = compile(network.0, network.1, options)?;
        let gpu = match lent.filter(|_| options.ranges.is_none()) {
            Some(lent) => Executor::new(lent.device.clone(), network, options, precision).await.ok().map(|e| (e, lent)),
            None => None,
        };
        Ok(Self { plan, gpu, precision, trial: Trial::default(), counted: false })
    }

    /// Answers [N, classes] to up to a batch of images. A GPU that fails is left out from then on, and its error given beside
    /// the processor's answers.
    ///
    /// # Errors
    /// When the images do not fit.
    pub async fn answers(&mut self, x: &Tensor) -> Result<(Tensor, Option<Error>)> {
        let size = x.shape()[0];
        let Some((executor, lent)) = &self.gpu else { return Ok((self.on_cpu(x)?, None)) };
        let mut turn = self.trial.turn(size, lent.forced, lent.least_ms);
        if turn == Turn::Few {
            // A chunk has its size: fewer images take no less, and the first run pays for what is set up late.
            let few = x.slice_axis(ndarray::Axis(0), (0..FEW.min(size)).into()).to_owned();
            match chunk(executor, self.plan.batch, &few).await {
                Ok(_) => self.trial.few(0.0),
                Err(error) => return self.without(error, x),
            }
            turn = self.trial.turn(size, lent.forced, lent.least_ms);
        }
        if turn == Turn::Cpu {
            return Ok((self.on_cpu(x)?, None));
        }
        let start = clock::now_ms();
        let answers = match chunk(executor, self.plan.batch, x).await {
            Ok(answers) => answers,
            Err(error) => return self.without(error, x),
        };
        self.trial.gpu_did(size, clock::now_ms() - start);
        if turn == Turn::Gpu && answers.iter().all(|x| x.is_finite()) {
            self.counted = true;
            return Ok((answers, None));
        }
        // On trial, and wherever the GPU gives NaN or infinity, the processor's answers count.
        let sure = self.on_cpu(x)?;
        match agree(answers.flat(), sure.flat(), self.precision) {
            Ok(()) => Ok((sure, None)),
            Err(error) => {
                self.gpu = None;
                Ok((sure, Some(error)))
            }
        }
    }

    fn without(&mut self, error: Error, x: &Tensor) -> Result<(Tensor, Option<Error>)> {
        self.gpu = None;
        Ok((self.on_cpu(x)?, Some(error)))
    }

    /// Whether any answer that counts was the GPU's.
    pub fn gpu_counted(&self) -> bool {
        self.counted
    }

    fn on_cpu(&mut self, x: &Tensor) -> Result<Tensor> {
        let start = clock::now_ms();
        let answers = self.plan.answers(x)?;
        self.trial.cpu_did(x.shape()[0], clock::now_ms() - start);
        Ok(answers)
    }
}

/// A chunk on the GPU, filled up with zeros.
async fn chunk(executor: &Executor, batch: usize, x: &Tensor) -> Result<Tensor> {
    let n = x.shape()[0];
    let mut full = x.flat().to_vec();
    full.resize(x.len() / n.max(1) * batch, 0.0);
    let answers = executor.run(&full).await?;
    let classes = answers.len() / batch;
    tensor::from_vec(&[n, classes], answers[..n * classes].to_vec())
}
