//! Processor and GPU against each other, by a few samples.

use crate::base::Result;
use crate::base::stats::{Interval, ratio};
use crate::compile::Plan;
use crate::gpu::Executor;

use super::length;
use super::runner::Runner;

/// Rounds of a duel.
const DUEL: usize = 9;

/// Time of a network on the processor over that on the GPU, with its interval, by a few interleaved samples.
///
/// # Errors
/// When the batch does not fit, or the GPU fails.
pub async fn duel(cpu: &mut Plan, gpu: &Executor, x: &[f32], step: f64) -> Result<(f64, Interval)> {
    let least = length(step);
    let mut sides = [Runner::Cpu(cpu), Runner::Gpu(gpu)];
    let repeats = [sides[0].warm_up(x, least).await?, sides[1].warm_up(x, least).await?];
    let mut samples = [Vec::new(), Vec::new()];
    for _ in 0..DUEL {
        for i in 0..2 {
            samples[i].push(sides[i].time(x, repeats[i]).await? / repeats[i] as f64);
        }
    }
    let (ratio, interval) = ratio(&samples[0], &samples[1], 0);
    Ok((ratio, interval.widened(step / least)))
}
