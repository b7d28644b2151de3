//! Statistics of measurements: Wilson intervals for accuracies, bootstrap intervals for ratios of times.

use serde::{Deserialize, Serialize};

use super::Rng;

/// An interval that holds the true value 95 times in 100.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Whether a value lies inside.
    pub fn holds(&self, x: f64) -> bool {
        self.low <= x && x <= self.high
    }

    /// The same, each end further out by a share of itself.
    #[must_use]
    pub fn widened(&self, share: f64) -> Self {
        Self { low: self.low / (1.0 + share), high: self.high * (1.0 + share) }
    }
}

/// Wilson's 95% interval of a proportion: `hits` of `n`.
///
/// Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
pub fn wilson(hits: usize, n: usize) -> Interval {
    if n == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (z, n) = (1.959_964, n as f64);
    let p = hits as f64 / n;
    let centre = p + z * z / (2.0 * n);
    let spread = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    Interval { low: ((centre - spread) / scale).max(0.0), high: ((centre + spread) / scale).min(1.0) }
}

/// The mean; 0 of nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The sample standard deviation; 0 of fewer than two values.
pub fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    (squares / values.len().saturating_sub(1).max(1) as f64).sqrt()
}

/// The median; NaN for no values.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]),
    }
}

/// The mean of the middle half; NaN for no values.
///
/// As robust against hiccups as needed, and unlike the median it does not jump where values come in the steps of a clock: each
/// is rounded up or down by chance, and their mean is not.
pub fn midmean(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let cut = sorted.len() / 4;
    let middle = &sorted[cut..sorted.len() - cut];
    if middle.is_empty() { f64::NAN } else { middle.iter().sum::<f64>() / middle.len() as f64 }
}

/// Ratio of the middle means of two interleaved series, with a 95% percentile-bootstrap interval over runs of pairs.
///
/// Pairs are drawn whole: a slow moment of the machine hits both members of a pair alike. And neighbours are drawn together, as
/// many as the root of all there are: what else the machine does lasts longer than a sample, so that neighbours are alike and
/// drawing each for itself would promise more than they hold.
///
/// Source: Künsch, "The jackknife and the bootstrap for general stationary observations", Annals of Statistics 1989.
pub fn ratio(over: &[f64], under: &[f64], seed: u64) -> (f64, Interval) {
    let n = over.len().min(under.len());
    let middle = midmean(&over[..n]) / midmean(&under[..n]);
    if n < 2 {
        return (middle, Interval { low: middle, high: middle });
    }
    let mut rng = Rng::fork(seed, "bootstrap");
    let block = (n as f64).sqrt() as usize;
    let mut draws: Vec<f64> = (0..400)
        .map(|_| {
            let mut picks: Vec<usize> = Vec::with_capacity(n + block);
            while picks.len() < n {
                let start = rng.below(n - block + 1);
                picks.extend(start..start + block);
            }
            picks.truncate(n);
            let take = |of: &[f64]| midmean(&picks.iter().map(|&i| of[i]).collect::<Vec<_>>());
            take(over) / take(under)
        })
        .collect();
    draws.sort_unstable_by(f64::total_cmp);
    (middle, Interval { low: draws[10].min(middle), high: draws[389].max(middle) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_by_hand() {
        let i = wilson(90, 100);
        assert!((i.low - 0.825_6).abs() < 1e-3 && (i.high - 0.944_8).abs() < 1e-3, "{i:?}");
        assert_eq!(wilson(0, 10).low, 0.0);
        assert!(wilson(10, 10).high > 0.999_999);
    }

    #[test]
    fn middle_means_by_hand() {
        assert_eq!(midmean(&[9.0, 1.0, 2.0, 4.0, 3.0, 5.0, 100.0, 0.0]), 3.5, "of 2, 3, 4 and 5");
        assert_eq!(midmean(&[1.0, 2.0]), 1.5);
        assert!(midmean(&[]).is_nan());
        let wide = Interval { low: 1.1, high: 2.0 }.widened(0.1);
        assert!((wide.low - 1.0).abs() < 1e-12 && (wide.high - 2.2).abs() < 1e-12, "{wide:?}");
    }

    /// A clock that goes by whole steps, and samples of about a hundred of them, one right after the other: however these fall
    /// on the steps, neither side is off by more than one of them.
    #[test]
    fn a_coarse_clock_does_not_move_the_middle_mean() {
        for part in 0..100 {
            let [long, short] = [100.0 + f64::from(part) / 100.0, 97.0 + f64::from(part * 7 % 100) / 100.0];
            let mut at = 0.0f64;
            let mut sample = |ms: f64| {
                let start = at.floor();
                at += ms;
                at.floor() - start
            };
            let (dense, cut): (Vec<f64>, Vec<f64>) = (0..31).map(|_| (sample(long), sample(short))).unzip();
            let (ratio, truth) = (ratio(&dense, &cut, 1).0, long / short);
            assert!((ratio - truth).abs() < 2.0 / 97.0, "{long} and {short} steps: {ratio}, not {truth}");
        }
    }

    /// A machine that is slower for the dense side in one half of the time than in the other: that is seen in the interval.
    #[test]
    fn what_lasts_longer_than_a_sample_widens_the_interval() {
        let slow = |i: usize, far: usize| if i < far { 1.0 } else { 1.2 };
        let width = |dense: &dyn Fn(usize) -> f64| {
            let over: Vec<f64> = (0..64).map(dense).collect();
            let (_, interval) = ratio(&over, &[0.5; 64], 1);
            interval.high - interval.low
        };
        let (mixed, lasting) = (width(&|i| slow(i % 2, 1)), width(&|i| slow(i, 32)));
        assert!(lasting > 2.0 * mixed, "{mixed} mixed, {lasting} where it lasts");
    }

    #[test]
    fn ratio_of_equal_series_holds_one() {
        let a: Vec<f64> = (0..21).map(|i| 1.0 + 0.01 * f64::from(i % 5)).collect();
        let (r, interval) = ratio(&a, &a, 1);
        assert_eq!(r, 1.0);
        assert!(interval.holds(1.0));
        let twice: Vec<f64> = a.iter().map(|x| 2.0 * x).collect();
        let (r, interval) = ratio(&twice, &a, 1);
        assert!(r == 2.0 && interval.low > 1.9);
    }
}
