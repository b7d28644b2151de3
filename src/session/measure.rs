//! Measuring speed so that it can be believed: warm, interleaved, in samples well above the step of the clock.
//!
//! A lane is an executor with its two networks, dense and pruned. All lanes take turns, so that a slow moment of the machine
//! hits all alike. A run is timed from the examples in the page's memory to the answers there: on a GPU, upload and
//! readback count.

use crate::base::stats::{Interval, median, ratio};
use crate::base::{Result, clock};
use crate::compile::Plan;
use crate::gpu::Executor;
use crate::prune::running::Asked;

use super::record::{ExecutorSpeed, Speed};

/// Pairs of samples at least.
pub const PAIRS: usize = 31;
/// Pairs at most, on a machine that is busy with other things.
const MOST: usize = 121;
/// Half the width of the ratio's interval that is good enough.
const CLOSE: f64 = 0.04;
/// A sample should be this much longer than the step of the clock.
const STEPS: f64 = 20.0;
/// A lane that is this much slower than the first needs no closer look than some samples.
pub const HOPELESS: f64 = 4.0;
const FEW: usize = 5;

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

    /// Milliseconds of some runs.
    async fn time(&mut self, x: &[f32], times: usize) -> Result<f64> {
        let start = clock::now_ms();
        for _ in 0..times {
            self.run(x).await?;
        }
        Ok(clock::now_ms() - start)
    }

    /// Runs until the code is warm; gives how many runs fill a sample of `least` milliseconds.
    async fn warm_up(&mut self, x: &[f32], least: f64) -> Result<usize> {
        let (start, mut runs) = (clock::now_ms(), 0);
        // V8 replaces its quick code by better code while a function runs hot: give it time for that.
        while clock::now_ms() - start < 5.0 * least || runs < 3 {
            self.run(x).await?;
            runs += 1;
        }
        Ok(((runs as f64 * least / (clock::now_ms() - start)).ceil() as usize).max(1))
    }
}

/// An executor's samples.
#[derive(Debug, Default)]
struct Lane {
    /// Runs of a sample, dense and pruned.
    repeats: [usize; 2],
    /// Milliseconds a run.
    samples: [Vec<f64>; 2],
    /// Its interval is narrow enough, or was looked for long enough.
    done: bool,
    /// Enough was seen to know that it is far behind.
    out: bool,
}

/// A measurement under way. The first lane is the processor's.
#[derive(Debug)]
pub struct Race {
    x: Vec<f32>,
    /// The length of a sample, in milliseconds.
    least: f64,
    lanes: Vec<Lane>,
    rounds: usize,
}

impl Race {
    /// Warms all lanes up on a batch and finds out how often a sample must run.
    ///
    /// # Errors
    /// When the batch does not fit, or the GPU fails.
    pub async fn new(x: Vec<f32>, lanes: &mut [[Runner<'_>; 2]], step: f64) -> Result<Self> {
        let least = (STEPS * step).clamp(1.0, 6.0);
        let mut race = Self { x, least, lanes: Vec::new(), rounds: 0 };
        for [dense, pruned] in lanes {
            let repeats = [dense.warm_up(&race.x, least).await?, pruned.warm_up(&race.x, least).await?];
            race.lanes.push(Lane { repeats, ..Lane::default() });
        }
        Ok(race)
    }

    /// One more pair of samples of each lane, the order changing every time.
    ///
    /// # Errors
    /// When the batch does not fit, or the GPU fails.
    pub async fn round(&mut self, lanes: &mut [[Runner<'_>; 2]]) -> Result<()> {
        let turned = self.rounds % 2;
        self.rounds += 1;
        let mut order: Vec<usize> = (0..self.lanes.len().min(lanes.len())).collect();
        let first = self.rounds / 2 % order.len().max(1);
        order.rotate_left(first);
        for i in order.into_iter().filter(|&i| !self.lanes[i].out).collect::<Vec<_>>() {
            let mut ms = [0.0; 2];
            for which in [turned, 1 - turned] {
                ms[which] = lanes[i][which].time(&self.x, self.lanes[i].repeats[which]).await?;
            }
            self.lanes[i].take(ms, self.least);
        }
        let ahead = self.lanes.first().map(Lane::medians);
        for lane in self.lanes.iter_mut().skip(1).filter(|lane| lane.samples[0].len() >= FEW) {
            lane.out = (0..2).all(|i| ahead.is_some_and(|first| lane.medians()[i] > HOPELESS * first[i]));
        }
        Ok(())
    }

    /// Goes on with the processor alone.
    pub fn drop_gpu(&mut self) {
        self.lanes.truncate(1);
    }

    /// Whether there are enough pairs, or as many as we have patience for.
    pub fn finished(&self) -> bool {
        self.lanes.iter().all(|lane| lane.done || lane.out)
    }

    /// Medians, ratios and intervals of a batch size, each network on what was asked for it.
    pub fn speed(&self, asked: [Asked; 2], batch: usize, seed: u64) -> Speed {
        let by_executor: Vec<ExecutorSpeed> =
            self.lanes.iter().zip(NAMES).map(|(lane, name)| self.figures(lane, name, seed)).collect();
        // The faster one by more than chance; where it cannot be told, the processor, whose bits are the same everywhere.
        let faster = |which: usize| match (asked[which], self.lanes.get(1)) {
            (_, None) | (Asked::Cpu, _) => 0,
            (Asked::Gpu, _) => 1,
            (Asked::Faster, Some(gpu)) => {
                usize::from(ratio(&self.lanes[0].samples[which], &gpu.samples[which], seed).1.low > 1.0)
            }
        };
        let (dense, pruned) = (faster(0), faster(1));
        let samples = [&self.lanes[dense].samples[0], &self.lanes[pruned].samples[1]];
        let (ratio, interval) = ratio(samples[0], samples[1], seed);
        Speed {
            dense_ms: median(samples[0]),
            pruned_ms: median(samples[1]),
            ratio,
            low: interval.low,
            high: interval.high,
            samples: samples[0].len().min(samples[1].len()),
            batch,
            executor: NAMES[pruned].into(),
            dense_executor: NAMES[dense].into(),
            by_executor,
            passes_at: None,
        }
    }

    fn figures(&self, lane: &Lane, name: &str, seed: u64) -> ExecutorSpeed {
        let [dense_ms, pruned_ms] = lane.medians();
        let (ratio, interval) = ratio(&lane.samples[0], &lane.samples[1], seed);
        let (gain, gains) = self::ratio(&self.lanes[0].samples[1], &lane.samples[1], seed);
        ExecutorSpeed {
            executor: name.into(),
            dense_ms,
            pruned_ms,
            ratio,
            low: interval.low,
            high: interval.high,
            samples: lane.samples[0].len(),
            gain,
            gain_low: gains.low,
            gain_high: gains.high,
            cold_ms: 0.0,
            dispatches: 0,
            kernels_ms: None,
        }
    }
}

/// Executors in the order of their lanes, as records name them.
pub const NAMES: [&str; 2] = ["cpu", "gpu"];

impl Lane {
    fn take(&mut self, ms: [f64; 2], least: f64) {
        // Better code since the warm-up, or a hiccup then: a sample this short is mostly the clock's step.
        let short = ms.map(|ms| ms < 0.5 * least);
        (0..2).filter(|&i| short[i]).for_each(|i| self.repeats[i] *= 2);
        if short == [false; 2] {
            (0..2).for_each(|i| self.samples[i].push(ms[i] / self.repeats[i] as f64));
        }
        let pairs = self.samples[0].len();
        // Working out the interval is not free: look only now and then.
        if pairs >= PAIRS && (pairs - PAIRS).is_multiple_of(15) {
            let (ratio, interval) = ratio(&self.samples[0], &self.samples[1], 0);
            self.done |= pairs >= MOST || interval.high - interval.low <= 2.0 * CLOSE * ratio;
        }
    }

    fn medians(&self) -> [f64; 2] {
        [0, 1].map(|i| median(&self.samples[i]))
    }
}

/// Rounds of a duel.
const DUEL: usize = 9;

/// Time of a network on the processor over that on the GPU, with its interval, by a few interleaved samples.
///
/// # Errors
/// When the batch does not fit, or the GPU fails.
pub async fn duel(cpu: &mut Plan, gpu: &Executor, x: &[f32], step: f64) -> Result<(f64, Interval)> {
    let least = (STEPS * step).clamp(1.0, 6.0);
    let mut sides = [Runner::Cpu(cpu), Runner::Gpu(gpu)];
    let repeats = [sides[0].warm_up(x, least).await?, sides[1].warm_up(x, least).await?];
    let mut samples = [Vec::new(), Vec::new()];
    for _ in 0..DUEL {
        for i in 0..2 {
            samples[i].push(sides[i].time(x, repeats[i]).await? / repeats[i] as f64);
        }
    }
    Ok(ratio(&samples[0], &samples[1], 0))
}
