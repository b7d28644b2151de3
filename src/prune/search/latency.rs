//! Latency: shares by layer for a network that is so many times faster here, from times that this machine gave.

use crate::base::part::{Args, Meta, Param, ParamKind, source};

use super::Search;

static TARGET: Param = Param {
    key: "target",
    label: "Times faster",
    what: "How many times faster than the dense network the cut one is to be, measured on this device.",
    kind: ParamKind::Float { default: 3.0, min: 1.05, max: 50.0, log: true },
};
static CORRECTIONS: Param = Param {
    key: "corrections",
    label: "Corrections",
    what: "How often the budget may be corrected by the time of the whole network.",
    kind: ParamKind::Int { default: 3, min: 0, max: 10 },
};

crate::part!(Meta {
    id: "latency",
    name: "Measured time",
    what: "Layers are timed on this device at rising sparsity; each gets the share with which the whole is so many times faster at the least loss.",
    formula: "min Σ e_l(s_l) with Σ t_l(s_l) ≤ T/N; e_l: share of the squared scores that go",
    sources: &[
        source("Yang et al., NetAdapt, ECCV 2018", "https://arxiv.org/abs/1804.03230"),
        source("Frantar and Alistarh, SPDY, ICML 2022", "https://arxiv.org/abs/2201.13096"),
    ],
    params: &[TARGET, CORRECTIONS],
});

impl Search for Part {
    fn target(&self, args: &Args) -> Option<(f32, usize)> {
        Some((args.float(&TARGET), args.int(&CORRECTIONS)))
    }
}

/// Times of a layer at some shares, and what each share loses.
#[derive(Clone, Debug, Default)]
pub struct LayerTimes {
    /// Shares that were timed, rising from 0.
    pub shares: Vec<f32>,
    /// Microseconds at each.
    pub us: Vec<f64>,
    /// Scores of its units, falling.
    pub scores: Vec<f32>,
}

/// Shares that are tried of each layer.
const GRID: usize = 200;

impl LayerTimes {
    /// Time at a share, between those that were measured; never more than at a lower share.
    fn time(&self, share: f32) -> f64 {
        let after = self.shares.iter().position(|&s| s >= share).unwrap_or(self.shares.len().saturating_sub(1));
        let before = after.saturating_sub(1);
        let (from, to) = (self.shares[before], self.shares[after]);
        let along = if to > from { f64::from((share - from) / (to - from)).clamp(0.0, 1.0) } else { 1.0 };
        let at = self.us[before] + along * (self.us[after] - self.us[before]);
        self.us[..after].iter().copied().fold(at, f64::min)
    }

    /// Share of the squared scores that goes, for each share of the grid.
    fn losses(&self) -> Vec<f64> {
        let square = |s: f32| if s.is_finite() { f64::from(s) * f64::from(s) } else { 0.0 };
        let (n, total) = (self.scores.len(), self.scores.iter().map(|&s| square(s)).sum::<f64>());
        let mut kept = vec![0.0; n + 1];
        for (i, &score) in self.scores.iter().enumerate() {
            kept[i + 1] = kept[i] + square(score);
        }
        let keep = |step: usize| n - ((n as f64) * share(step)).round() as usize;
        (0..GRID).map(|step| 1.0 - kept[keep(step)] / total.max(f64::MIN_POSITIVE)).collect()
    }
}

fn share(step: usize) -> f64 {
    step as f64 / GRID as f64
}

/// The share of each layer with which all together take no more than a budget in microseconds, and lose least; the fastest there is
/// where the budget is too small.
pub fn share_out(layers: &[LayerTimes], budget: f64) -> Vec<f32> {
    let table: Vec<(Vec<f64>, Vec<f64>)> = layers
        .iter()
        .map(|layer| (layer.losses(), (0..GRID).map(|step| layer.time(share(step) as f32)).collect()))
        .collect();
    // For a price of time, each layer has its own best share; the price is found at which the budget is met.
    let choose = |price: f64| -> (Vec<usize>, f64) {
        let best = |(losses, times): &(Vec<f64>, Vec<f64>)| {
            let cost = |step: usize| losses[step] + price * times[step];
            (0..GRID).fold(0, |best, step| if cost(step) < cost(best) { step } else { best })
        };
        let steps: Vec<usize> = table.iter().map(best).collect();
        let us = steps.iter().zip(&table).map(|(&step, (_, times))| times[step]).sum();
        (steps, us)
    };
    let (mut low, mut high) = (-12.0f64, 6.0f64);
    let mut chosen = choose(libm::exp(high * std::f64::consts::LN_10)).0;
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        let (steps, us) = choose(libm::exp(middle * std::f64::consts::LN_10));
        if us <= budget {
            (high, chosen) = (middle, steps);
        } else {
            low = middle;
        }
    }
    chosen.into_iter().map(|step| share(step) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(us: [f64; 3], scores: Vec<f32>) -> LayerTimes {
        LayerTimes { shares: vec![0.0, 0.5, 1.0], us: us.to_vec(), scores }
    }

    #[test]
    fn the_layer_that_gains_more_and_loses_less_is_cut_more() {
        let even = || vec![1.0; 100];
        let steep: Vec<f32> = (0..100).map(|i| if i < 20 { 1.0 } else { 0.01 }).collect();
        // Two layers alike but for their scores, and two alike but for their times.
        let shares = share_out(&[layer([10.0, 5.0, 0.0], even()), layer([10.0, 5.0, 0.0], steep)], 12.0);
        assert!(
            shares[1] > shares[0] && (10.0 * (2.0 - f64::from(shares[0] + shares[1]))) <= 12.0 + 1e-3,
            "{shares:?}"
        );
        let falling: Vec<f32> = (0..100).rev().map(|i| i as f32).collect();
        let shares = share_out(&[layer([10.0, 9.0, 8.0], falling.clone()), layer([10.0, 5.0, 0.0], falling)], 14.0);
        assert!(shares[1] > shares[0], "{shares:?}");
    }

    #[test]
    fn what_cannot_be_met_is_cut_as_far_as_it_helps() {
        let shares = share_out(&[layer([10.0, 8.0, 8.0], vec![1.0; 100])], 1.0);
        assert!((shares[0] - 0.5).abs() < 0.02, "{shares:?}: beyond a half nothing is gained");
        assert_eq!(share_out(&[layer([10.0, 8.0, 6.0], vec![1.0; 100])], 20.0), [0.0], "nothing needs to go");
    }
}
