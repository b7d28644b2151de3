//! Measuring speed so that it can be believed: warm, interleaved, in samples far above the step of the clock.
//!
//! Entrants are networks on what runs them: dense and pruned, on the processor with one thread or several, and on a GPU. All
//! take turns, so that a slow moment of the machine hits all alike. A run is timed from the examples in the page's memory to
//! the answers there: on a GPU, upload and readback count. Either network's figure is that of its fastest entrant.

mod doubt;
mod duel;
mod runner;

use crate::base::sampling::{Runs, Sampled, Sampling};
use crate::base::stats::{Interval, midmean, ratio};
use crate::base::{Result, Rng, clock};
use crate::prune::running::Asked;

use super::record::{ExecutorSpeed, Speed};

pub use doubt::doubt;
pub use duel::duel;
pub use runner::Runner;

/// Turns at least.
pub const PAIRS: usize = 31;
/// Turns at least where the clock is so coarse that each takes long.
const SLOW_PAIRS: usize = 15;
/// Turns at most, on a machine that is busy with other things.
const MOST: usize = 121;
/// Half the width of the ratio's interval that is good enough.
const CLOSE: f64 = 0.04;
/// A sample is this many steps of the clock long, within limits in milliseconds.
const STEPS: f64 = 100.0;
const LENGTHS: [f64; 2] = [4.0, 100.0];
/// All turns together last at least this long, in milliseconds: a shorter look sees one mood of the machine.
const LOOK: f64 = 300.0;
/// How long a visitor waits for the usual number of turns, and for more of them, in milliseconds.
const PATIENCE: [f64; 2] = [2500.0, 6000.0];
/// An entrant that is this much slower than its side's first needs no closer look than some samples.
pub const HOPELESS: f64 = 4.0;
const FEW: usize = 5;
/// What no clock shows: plans compiled twice differ by so much, since kernels that are about as fast are chosen by chance, and
/// since a network is faster in some places of memory than in others.
const CHANCE: f64 = 0.025;
/// What one look does not show: a machine's speed drifts within minutes, and slows work of one kind more than that of another.
/// A network against itself is not affected; ratios move the more, the further they are from 1: by so much for each unit of
/// their logarithm (docs/performance.md, "Intervals").
const DRIFT: f64 = 0.04;

/// Which of the two networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// As it was.
    Dense,
    /// Pruned.
    Pruned,
}

/// A network that takes part in a race.
#[derive(Debug)]
pub struct Entrant<'a> {
    /// Which network it is.
    pub side: Version,
    /// What runs it.
    pub runner: Runner<'a>,
    /// Threads that share its runs.
    pub threads: usize,
}

/// What is raced, at the position that its samples have.
#[derive(Clone, Copy, Debug)]
struct Series {
    side: Version,
    gpu: bool,
    threads: usize,
}

/// A measurement under way.
#[derive(Debug)]
pub struct Race {
    x: Vec<f32>,
    /// The length of a sample, and the step of the clock, in milliseconds.
    least: f64,
    step: f64,
    series: Vec<Series>,
    sampling: Sampling,
    started: f64,
    skew: Rng,
    /// The fewest turns that can be told from one another are enough.
    hurried: bool,
    done: bool,
}

/// How long a sample must be for a clock, in milliseconds.
fn length(step: f64) -> f64 {
    (STEPS * step).clamp(LENGTHS[0], LENGTHS[1])
}

/// Turns of networks. V8 replaces its quick code by better code while a function runs hot, and is given time for that.
pub fn sampling(entrants: usize, least: f64, step: f64) -> Sampling {
    Sampling::new(entrants, least, step).warmed_by(3, f64::max(5.0, 2.0 * least)).paired()
}

impl Race {
    /// Warms all entrants up on a batch and finds out how often a sample must run.
    ///
    /// # Errors
    /// When the batch does not fit, or the GPU fails.
    pub async fn new(x: Vec<f32>, entrants: &mut [Entrant<'_>], step: f64, hurried: bool) -> Result<Self> {
        let (least, skew) = (length(step), Rng::new(0));
        let of = |Entrant { side, runner, threads }: &Entrant<'_>| {
            let gpu = matches!(runner, Runner::Gpu(_));
            Series { side: *side, gpu, threads: *threads }
        };
        let series: Vec<Series> = entrants.iter().map(of).collect();
        let sampling = sampling(series.len(), least, step);
        let mut race = Self { x, least, step, series, sampling, started: 0.0, skew, hurried, done: false };
        while race.sampling.cold() {
            race.turn(entrants).await?;
        }
        race.started = clock::now_ms();
        Ok(race)
    }

    /// One more sample of each entrant, the order changing every time.
    ///
    /// # Errors
    /// When the batch does not fit, or the GPU fails.
    pub async fn round(&mut self, entrants: &mut [Entrant<'_>]) -> Result<()> {
        while self.turn(entrants).await? {}
        self.leave_out();
        self.judge();
        Ok(())
    }

    /// One entrant's turn; false at the end of a round.
    async fn turn(&mut self, entrants: &mut [Entrant<'_>]) -> Result<bool> {
        let Some(Runs { who, runs, warms }) = self.sampling.turn() else { return Ok(false) };
        let Some(Entrant { runner, .. }) = entrants.get_mut(who) else { return Ok(false) };
        if !warms {
            // By chance, so that each comes to lie wherever others do.
            let moves = self.skew.below(2) == 0;
            if moves {
                runner.relocate(&mut self.skew);
            }
            // Some runs that are not timed: samples then begin anywhere between two steps of the clock, and what it rounds away
            // of one it adds to another. And what was moved comes into the caches.
            let step = (runs as f64 * self.step / self.least) as usize;
            for _ in 0..self.skew.below(step + 1) + usize::from(moves) {
                runner.run(&self.x).await?;
            }
        }
        self.sampling.took(runner.time(&self.x, runs).await?);
        Ok(true)
    }

    /// Leaves out who is far behind the best of its side.
    fn leave_out(&mut self) {
        for side in [Version::Dense, Version::Pruned] {
            let best = self.best(side, false).map_or(f64::INFINITY, |i| midmean(self.sampling.samples(i)));
            for (series, sampled) in self.series.iter().zip(self.sampling.entrants_mut()) {
                if series.side == side && sampled.samples.len() == FEW {
                    sampled.out = midmean(&sampled.samples) > HOPELESS * best;
                }
            }
        }
    }

    /// Whether there are enough turns, or as many as we have patience for.
    fn judge(&mut self) {
        let (dense, pruned) = (self.fastest(Version::Dense, false), self.fastest(Version::Pruned, false));
        let (turns, spent) = (dense.len().min(pruned.len()), clock::now_ms() - self.started);
        let enough = (turns >= PAIRS && spent > LOOK) || (turns >= SLOW_PAIRS && spent > PATIENCE[0]);
        if self.hurried {
            self.done = turns >= SLOW_PAIRS;
            return;
        }
        // Working out the interval is not free: look only now and then.
        if enough && (turns.is_multiple_of(8) || spent > PATIENCE[0]) {
            let (ratio, interval) = ratio(dense, pruned, 0);
            let close = interval.high - interval.low <= 2.0 * CLOSE * ratio;
            self.done = close || turns >= MOST || spent > PATIENCE[1];
        }
    }

    /// The fastest entrant of a side on an executor.
    fn best(&self, side: Version, gpu: bool) -> Option<usize> {
        let of =
            |i: &usize| self.series[*i].side == side && self.series[*i].gpu == gpu && !self.sampling.entrants()[*i].out;
        let ms = |i: usize| midmean(self.sampling.samples(i));
        let first = |i: &usize| self.series[*i].side == side && self.series[*i].gpu == gpu;
        let all = 0..self.series.len();
        // Where a GPU is left out its few samples still are what is known of it.
        let open = all.clone().filter(of).reduce(|a, b| if ms(b) < ms(a) { b } else { a });
        open.or_else(|| all.filter(first).reduce(|a, b| if ms(b) < ms(a) { b } else { a }))
    }

    fn fastest(&self, side: Version, gpu: bool) -> &[f64] {
        self.best(side, gpu).map_or(&[], |i| self.sampling.samples(i))
    }

    /// Goes on with the processor alone.
    pub fn drop_gpu(&mut self) {
        self.sampling.retain(&|who| !self.series[who].gpu);
        self.series.retain(|series| !series.gpu);
    }

    /// Whether there are enough turns.
    pub fn finished(&self) -> bool {
        self.done
    }

    /// Times, ratios and intervals of a batch size, each network on what was asked for it.
    pub fn speed(&self, asked: [Asked; 2], batch: usize, seed: u64) -> Speed {
        let gpu = self.series.iter().any(|series| series.gpu);
        let executors: &[bool] = if gpu { &[false, true] } else { &[false] };
        let by_executor: Vec<ExecutorSpeed> = executors.iter().map(|&gpu| self.figures(gpu, seed)).collect();
        // The faster one by more than chance; where it cannot be told, the processor, whose bits are the same everywhere.
        let faster = |side: Version, asked: Asked| match asked {
            _ if !gpu => false,
            Asked::Cpu => false,
            Asked::Gpu => true,
            Asked::Faster => self.compare([self.best(side, false), self.best(side, true)], seed).1.low > 1.0,
        };
        let (dense, pruned) = (faster(Version::Dense, asked[0]), faster(Version::Pruned, asked[1]));
        let best = [self.best(Version::Dense, dense), self.best(Version::Pruned, pruned)];
        let (ratio, interval) = self.compare(best, seed);
        let [dense_ms, pruned_ms] = best.map(|i| self.ms(i));
        Speed {
            dense_ms,
            pruned_ms,
            ratio,
            low: interval.low,
            high: interval.high,
            samples: best.map(|i| i.map_or(0, |i| self.sampling.samples(i).len())).into_iter().min().unwrap_or(0),
            batch,
            dense_threads: self.threads(best[0]),
            threads: self.threads(best[1]),
            executor: NAMES[usize::from(pruned)].into(),
            dense_executor: NAMES[usize::from(dense)].into(),
            by_executor,
            passes_at: None,
            doubt: None,
        }
    }

    fn ms(&self, entrant: Option<usize>) -> f64 {
        entrant.map_or(f64::NAN, |i| midmean(self.sampling.samples(i)))
    }

    fn threads(&self, entrant: Option<usize>) -> usize {
        entrant.map_or(1, |i| self.series[i].threads)
    }

    /// Time of one entrant over that of another. The interval is as wide as samples differ, and wider by what these cannot
    /// show: the part of a step that the clock rounds away on both sides, the choice among kernels that are as fast, and how
    /// the machine's speed drifts from one measurement to the next.
    fn compare(&self, [over, under]: [Option<usize>; 2], seed: u64) -> (f64, Interval) {
        let (Some(over), Some(under)) = (over, under) else { return (1.0, Interval { low: 1.0, high: 1.0 }) };
        let (ratio, interval) = ratio(self.sampling.samples(over), self.sampling.samples(under), seed);
        let unseen = [over, under].map(|i| {
            let Sampled { samples, runs, .. } = &self.sampling.entrants()[i];
            self.step / (midmean(samples) * *runs as f64).max(f64::MIN_POSITIVE)
        });
        (ratio, interval.widened(0.5 * (unseen[0] + unseen[1]) + CHANCE + DRIFT * ratio.ln().abs()))
    }

    fn figures(&self, gpu: bool, seed: u64) -> ExecutorSpeed {
        let best = [Version::Dense, Version::Pruned].map(|side| self.best(side, gpu));
        let (ratio, interval) = self.compare(best, seed);
        let [dense_ms, pruned_ms] = best.map(|i| self.ms(i));
        let same = [self.best(Version::Pruned, false), best[1]];
        let (gain, gains) = if gpu { self.compare(same, seed) } else { (1.0, Interval { low: 1.0, high: 1.0 }) };
        ExecutorSpeed {
            executor: NAMES[usize::from(gpu)].into(),
            dense_ms,
            pruned_ms,
            ratio,
            low: interval.low,
            high: interval.high,
            samples: best[0].map_or(0, |i| self.sampling.samples(i).len()),
            gain,
            gain_low: gains.low,
            gain_high: gains.high,
            cold_ms: 0.0,
            dispatches: 0,
            kernels_ms: None,
        }
    }
}

/// Executors as records name them: the processor and the GPU.
pub const NAMES: [&str; 2] = ["cpu", "gpu"];

#[cfg(test)]
mod tests {
    use super::*;

    /// A race in which each entrant has the same sample so many times, by a clock of such steps.
    fn race(series: &[(Version, usize, f64)], samples: usize, step: f64) -> Race {
        let mut sampling = Sampling::new(series.len(), 10.0 * series[0].2, step);
        for _ in 0..samples {
            sampling.round(&mut |who, runs| series[who].2 * runs as f64);
        }
        let series = series.iter().map(|&(side, threads, _)| Series { side, gpu: false, threads });
        Race {
            x: vec![],
            least: 1.0,
            step,
            series: series.collect(),
            sampling,
            started: 0.0,
            skew: Rng::new(0),
            hurried: false,
            done: false,
        }
    }

    #[test]
    fn the_dense_side_is_the_fastest_of_all_that_is_allowed() {
        // Two threads on a machine that has no second core to spare.
        let race = race(
            &[
                (Version::Dense, 1, 0.4),
                (Version::Dense, 2, 30.0),
                (Version::Pruned, 1, 0.1),
                (Version::Pruned, 2, 0.2),
            ],
            9,
            0.0,
        );
        let speed = race.speed([Asked::Faster; 2], 1, 1);
        assert_eq!((speed.dense_ms, speed.pruned_ms, speed.dense_threads, speed.threads), (0.4, 0.1, 1, 1));
        assert!((speed.ratio - 4.0).abs() < 1e-9);
    }

    #[test]
    fn an_interval_is_never_narrower_than_the_clock_can_tell() {
        let of = |step: f64| {
            race(&[(Version::Dense, 1, 0.2), (Version::Pruned, 1, 0.2)], 31, step).speed([Asked::Cpu; 2], 1, 1)
        };
        let fine = of(0.0);
        assert!(fine.low < 1.0 && fine.high > 1.0 && fine.high < 1.03, "{fine:?}");
        // Three times as fast may be a tenth less tomorrow; the same speed is the same speed.
        let third = [(Version::Dense, 1, 0.2), (Version::Pruned, 1, 0.2 / 3.0)];
        let apart = race(&third, 31, 0.0).speed([Asked::Cpu; 2], 1, 1);
        assert!(apart.low < 2.9 && apart.high > 3.1 && apart.low > 2.7, "{apart:?}");
        // Samples of 2 ms and a clock of 0.1 ms: each side may be off by half a step.
        let coarse = of(0.1);
        assert!(coarse.low < 0.96 && coarse.high > 1.04, "{coarse:?}");
    }

    #[test]
    fn who_is_far_behind_is_left_out() {
        let three = [(Version::Dense, 1, 1.0), (Version::Dense, 2, 9.0), (Version::Pruned, 1, 1.0)];
        let mut race = race(&three, FEW, 0.0);
        race.leave_out();
        assert_eq!(race.sampling.entrants().iter().map(|s| s.out).collect::<Vec<_>>(), [false, true, false]);
    }
}
