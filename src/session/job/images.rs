//! Networks of which each image runs a part: what single images take, one after another.

use crate::base::stats::{deviation, mean};
use crate::base::{Flat, Result, clock};
use crate::compile::Plan;
use crate::graph::boosted;
use crate::session::Session;
use crate::session::measure::sampling;
use crate::session::plan::TIMED;
use crate::session::record::{PerImage, Spread};

use super::Job;

/// A sample is this many steps of the clock long, within limits in milliseconds.
const STEPS: f64 = 10.0;
const LENGTHS: [f64; 2] = [1.0, 10.0];

/// What was seen of the images so far.
#[derive(Debug, Default)]
pub(in crate::session) struct Seen {
    /// Multiply-adds of each.
    macs: Vec<f64>,
    /// Milliseconds of each.
    ms: Vec<f64>,
    /// Runs of a sample.
    repeats: usize,
}

/// Milliseconds of some runs of a batch.
fn timed(plan: &mut Plan, x: &[f32], runs: usize) -> Result<f64> {
    let start = clock::now_ms();
    (0..runs).try_for_each(|_| plan.run(x).map(drop))?;
    Ok(clock::now_ms() - start)
}

impl Job {
    /// Times some more images; says whether all are done.
    #[inline(never)]
    pub(super) fn images(&mut self, session: &Session) -> Result<bool> {
        let Some(test) = session.test.as_ref().filter(|test| !test.is_empty()) else { return Ok(true) };
        let (chooses, at) = (boosted::boosts(self.pruned().0).next().is_some(), self.plan_at());
        let (batch, step) = (self.asked.recipe.running.batch, session.environment.timer_step_us / 1e3);
        let Some(plan) = self.built.plans.get_mut(at).filter(|_| chooses) else { return Ok(true) };
        let all = TIMED.all.min(test.len()).div_ceil(batch);
        let seen = &mut self.timed.images;
        let least = (STEPS * step).clamp(LENGTHS[0], LENGTHS[1]);
        for i in seen.ms.len()..(seen.ms.len() + TIMED.each.div_ceil(batch)).min(all) {
            let picks: Vec<usize> = (0..batch).map(|j| (i * batch + j) % test.len()).collect();
            let x = test.batch(&picks);
            if seen.repeats == 0 {
                let mut sampling = sampling(1, least, step);
                while let Some(turn) = sampling.turn().filter(|turn| turn.warms) {
                    sampling.took(timed(plan, x.flat(), turn.runs)?);
                }
                seen.repeats = sampling.entrants()[0].runs;
            }
            let before = plan.executed();
            plan.run(x.flat())?;
            seen.macs.push((plan.executed() - before) as f64 / batch as f64);
            seen.ms.push(timed(plan, x.flat(), seen.repeats)? / (seen.repeats * batch) as f64);
        }
        Ok(seen.ms.len() >= all)
    }

    /// What single images took, if they took different parts of the network.
    pub(in crate::session) fn per_image(&self) -> Option<PerImage> {
        let Seen { macs, ms, .. } = &self.timed.images;
        let of = |values: &[f64]| Spread { mean: mean(values), deviation: deviation(values) };
        let batch = self.asked.recipe.running.batch;
        (!ms.is_empty()).then(|| PerImage { images: ms.len() * batch, macs: of(macs), ms: of(ms) })
    }
}
