//! Two networks against each other, by a few samples.

use crate::base::Result;
use crate::base::stats::{Interval, ratio};

use super::length;
use super::runner::Runner;

/// Time of one network over that of another, with its interval, by a few interleaved samples of each.
///
/// # Errors
/// When the batch does not fit, or the GPU fails.
pub async fn duel(mut sides: [Runner<'_>; 2], x: &[f32], step: f64, turns: usize) -> Result<(f64, Interval)> {
    let least = length(step);
    let repeats = [sides[0].warm_up(x, least).await?, sides[1].warm_up(x, least).await?];
    let mut samples = [Vec::new(), Vec::new()];
    for _ in 0..turns {
        for i in 0..2 {
            samples[i].push(sides[i].time(x, repeats[i]).await? / repeats[i] as f64);
        }
    }
    let (ratio, interval) = ratio(&samples[0], &samples[1], 0);
    Ok((ratio, interval.widened(step / least)))
}
