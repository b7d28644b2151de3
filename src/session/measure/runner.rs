//! A network on what runs it, and how long its runs take.

use crate::base::{Result, Rng, clock};
use crate::compile::Plan;
use crate::gpu::Executor;

/// Plans are put up to so many bytes further in memory: as far as addresses have to do with which part of a cache is used.
const APART: usize = 1 << 18;

/// A compiled network on what runs it.
#[derive(Debug)]
pub enum Runner<'a> {
    /// On the processor.
    Cpu(&'a mut Plan),
    /// On the GPU.
    Gpu(&'a Executor),
}

impl Runner<'_> {
    /// Runs one batch and drops the answers.
    ///
    /// # Errors
    /// When the batch does not fit, or the GPU fails.
    pub async fn run(&mut self, x: &[f32]) -> Result<()> {
        match self {
            Self::Cpu(plan) => plan.run(x).map(drop),
            Self::Gpu(executor) => executor.run(x).await.map(drop),
        }
    }

    /// Puts a plan elsewhere in memory: the same network is several per cent faster in some places than in others.
    pub(super) fn relocate(&mut self, random: &mut Rng) {
        if let Self::Cpu(plan) = self {
            // Without it a plan would come to lie where another has just left.
            let _between = std::hint::black_box(Vec::<u8>::with_capacity(random.below(APART)));
            **plan = plan.clone();
        }
    }

    /// Milliseconds of some runs.
    pub(super) async fn time(&mut self, x: &[f32], times: usize) -> Result<f64> {
        let start = clock::now_ms();
        for _ in 0..times {
            self.run(x).await?;
        }
        Ok(clock::now_ms() - start)
    }
}
