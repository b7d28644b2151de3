//! Answers to many images, a chunk at a time, from whichever executor gets through them faster.

use crate::base::{Error, Flat, Result, Tensor, clock, tensor};
use crate::compile::{Options, Plan, compile};
use crate::gpu::{Executor, Precision};
use crate::graph::{Graph, Masks};

use super::gpu::{Lent, agree};

/// A network that answers.
#[derive(Debug)]
pub struct Evaluator {
    plan: Plan,
    gpu: Option<Executor>,
    /// Whether the GPU was asked for and need not be faster.
    forced: bool,
    /// What the GPU computes with.
    precision: Precision,
    /// Least time of a chunk on either executor, in ms.
    least: [f64; 2],
    /// Chunks that the GPU did on trial.
    tried: usize,
    counted: bool,
}

/// Chunks that both do, the processor's answers counting: the first pays for what is set up late, the others are timed.
const TRIALS: usize = 3;

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
        let forced = lent.as_ref().is_some_and(|lent| lent.forced);
        let gpu = match lent {
            Some(Lent { device, .. }) if options.ranges.is_none() => {
                Executor::new(device, network, options, precision).await.ok()
            }
            _ => None,
        };
        Ok(Self { plan, gpu, forced, precision, least: [f64::INFINITY; 2], tried: 0, counted: false })
    }

    /// Answers [N, classes] to up to a batch of images. A GPU that fails is left out from then on, and its error given beside
    /// the processor's answers.
    ///
    /// # Errors
    /// When the images do not fit.
    pub async fn answers(&mut self, x: &Tensor) -> Result<(Tensor, Option<Error>)> {
        let Some(executor) = self.gpu.take() else { return Ok((self.on_cpu(x)?, None)) };
        let tried = self.tried >= if self.forced { 1 } else { TRIALS };
        if tried && !self.forced && self.least[1] >= self.least[0] {
            return Ok((self.on_cpu(x)?, None));
        }
        let start = clock::now_ms();
        let got = chunk(&executor, self.plan.batch, x).await;
        let ms = clock::now_ms() - start;
        match got {
            Ok(answers) if tried && answers.iter().all(|x| x.is_finite()) => {
                (self.gpu, self.counted) = (Some(executor), true);
                Ok((answers, None))
            }
            // On trial, and wherever the GPU gives NaN or infinity, the processor's answers count.
            Ok(answers) => {
                let sure = self.on_cpu(x)?;
                let error = agree(answers.flat(), sure.flat(), self.precision).err();
                self.gpu = Some(executor).filter(|_| error.is_none());
                if self.tried > 0 {
                    self.least[1] = self.least[1].min(ms);
                }
                self.tried += 1;
                Ok((sure, error))
            }
            Err(error) => Ok((self.on_cpu(x)?, Some(error))),
        }
    }

    /// Whether any answer that counts was the GPU's.
    pub fn gpu_counted(&self) -> bool {
        self.counted
    }

    fn on_cpu(&mut self, x: &Tensor) -> Result<Tensor> {
        let start = clock::now_ms();
        let answers = self.plan.answers(x)?;
        self.least[0] = self.least[0].min(clock::now_ms() - start);
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

#[cfg(all(test, feature = "gpu"))]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::compile::Choose;
    use crate::session::gpu::tests::device;
    use crate::zoo;

    #[test]
    fn whoever_is_faster_answers() -> Result<()> {
        let Some(device) = device() else { return Ok(()) };
        let graph = zoo::find("lenet-300-100")?.build(1)?;
        let options = Options { batch: 4, choose: Choose::Predict, ..Options::default() };
        let x = tensor::full(&[4, 1, 28, 28], 0.5);
        for (least, gpu) in [([1e9, 1.0], true), ([1.0, 1e9], false)] {
            let lent = Some(Lent { device: device.clone(), forced: false, least_ms: 0.0 });
            let network = (&graph, &Masks::default());
            let mut evaluator = block_on(Evaluator::new(network, &options, lent, Precision::Single))?;
            (evaluator.least, evaluator.tried) = (least, TRIALS);
            let (_, error) = block_on(evaluator.answers(&x))?;
            assert_eq!((evaluator.gpu_counted(), error), (gpu, None));
        }
        Ok(())
    }
}
