//! Two networks against each other, by a few samples.

use crate::base::Result;
use crate::base::stats::{Interval, ratio};

use super::runner::Runner;
use super::{length, sampling};

/// Time of one network over that of another, with its interval, by a few interleaved samples of each.
///
/// # Errors
/// When the batch does not fit, or the GPU fails.
pub async fn duel(mut sides: [Runner<'_>; 2], x: &[f32], step: f64, turns: usize) -> Result<(f64, Interval)> {
    let least = length(step);
    let mut sampling = sampling(2, least, step);
    while sampling.samples(0).len() < turns {
        while let Some(turn) = sampling.turn() {
            sampling.took(sides[turn.who].time(x, turn.runs).await?);
        }
    }
    let (ratio, interval) = ratio(sampling.samples(0), sampling.samples(1), 0);
    Ok((ratio, interval.widened(step / least)))
}
